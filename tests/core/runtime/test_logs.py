"""Log lines: where they go, and what never stands in them."""

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from tradewire.runtime.logs import configure_logging
from tradewire.settings import LogLevel, LogSettings

KEY = "tw_live_EQiYlMyu7RmBo2i2SAGv88BQzPTo4FAG4Ghmgp"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, threading.excepthook
    yield
    threading.excepthook = hook
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_no_secret_passes_whichever_way_it_is_logged() -> None:
    out = io.StringIO()
    configure_logging(LogSettings(), out)
    structlog.get_logger().info("A key was made.", key=KEY, note=f"it is {KEY}")
    logging.getLogger("tradewire.ingress").warning("refused %s", KEY)
    assert KEY not in out.getvalue()
    assert out.getvalue().count("mgp") == 3


def test_an_exception_is_told_without_its_secret() -> None:
    out = io.StringIO()
    configure_logging(LogSettings(), out)
    try:
        raise ValueError(f"not this: {KEY}")
    except ValueError:
        structlog.get_logger().exception("It failed.")
    assert "ValueError" in out.getvalue()
    assert KEY not in out.getvalue()


def test_json_is_one_object_a_line() -> None:
    out = io.StringIO()
    configure_logging(LogSettings(json=True), out)
    structlog.get_logger().info("Connected.", account="paper")
    logging.getLogger("tradewire.store").warning("Slow.")
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["event"], first["account"], first["level"]) == ("Connected.", "paper", "info")
    assert (second["event"], second["level"]) == ("Slow.", "warning")


def test_below_the_level_nothing_is_said_and_libraries_say_less() -> None:
    out = io.StringIO()
    configure_logging(LogSettings(level=LogLevel.WARNING), out)
    structlog.get_logger().info("Connected.")
    assert out.getvalue() == ""
    configure_logging(LogSettings(level=LogLevel.DEBUG), out)
    logging.getLogger("httpx").info("HTTP Request: GET /")
    assert out.getvalue() == ""


LIBRARIES = ("dramatiq", "sqlalchemy.engine", "httpx", "websockets", "_granian", "asyncio", "a.stranger")


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("as_json", [True, False])
def test_what_a_library_logs_is_masked_as_well(name: str, as_json: bool) -> None:
    out = io.StringIO()
    configure_logging(LogSettings(level=LogLevel.DEBUG, json=as_json), out)
    library = logging.getLogger(name)
    library.warning("POST /api/traderspost/webhook/%s/mine?apiKey=%s", "hunter2-hunter2", KEY)
    library.error("redis://:%s@host/0 and Authorization: Bearer %s", "hunter2-hunter2", KEY)
    try:
        raise ConnectionError("postgresql://me:hunter2-hunter2@host/db")
    except ConnectionError:
        library.exception("It failed with %r", {"password": "hunter2-hunter2"}, stack_info=True)
    assert "ConnectionError" in out.getvalue()
    assert "hunter2" not in out.getvalue()
    assert KEY not in out.getvalue()


def test_a_thread_that_fails_is_logged_with_its_name_and_masked() -> None:
    out = io.StringIO()
    configure_logging(LogSettings(json=True), out)

    def fail() -> None:
        raise ValueError(f"not this: {KEY}")

    thread = threading.Thread(target=fail, name="tradewire-bells")
    thread.start()
    thread.join()
    told = json.loads(out.getvalue())
    assert (told["thread"], "ValueError" in told["exception"]) == ("tradewire-bells", True)
    assert KEY not in out.getvalue()


def test_ids_that_are_bound_stand_in_every_line_below() -> None:
    out = io.StringIO()
    configure_logging(LogSettings(json=True), out)
    with structlog.contextvars.bound_contextvars(account="paper", signal="s-1"):
        structlog.get_logger().info("One.")
        logging.getLogger("tradewire.store").warning("Two.")
    one, two = (json.loads(line) for line in out.getvalue().splitlines())
    assert (one["account"], one["signal"]) == ("paper", "s-1")
    assert (two["account"], two["signal"]) == ("paper", "s-1")
