"""Log lines: where they go, and what never stands in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tradewire.runtime.logs import configure_logging
from tradewire.settings import LogLevel, LogSettings

KEY = "tw_live_EQiYlMyu7RmBo2i2SAGv88BQzPTo4FAG4Ghmgp"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
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
