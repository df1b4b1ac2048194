"""Log lines: one a line on stderr, for people or as JSON, and never with a secret in them."""

import logging
import os
import sys
import threading
from typing import TextIO

import structlog
from structlog.typing import Processor

from tradewire.security.redaction import redact_secrets
from tradewire.settings import LogSettings

#: Libraries whose every step is of no interest to a trader.
_CHATTY = ("alembic", "asyncio", "dramatiq", "httpcore", "httpx", "websockets", "_granian")


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send what structlog and the standard `logging` say to `stream` (stderr), secrets masked.

    Call it once, before anything starts.
    """
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [structlog.processors.format_exc_info, redact_secrets, _renderer(settings, out)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """What nobody caught would be printed as it is; through the log its secrets are masked."""
    if ended.exc_type is SystemExit:
        return
    name = "" if ended.thread is None else ended.thread.name
    failure = None if ended.exc_value is None else (ended.exc_type, ended.exc_value, ended.exc_traceback)
    structlog.get_logger().error("A thread ended by an exception.", thread=name, exc_info=failure)


def _renderer(settings: LogSettings, out: TextIO) -> Processor:
    if settings.json:
        return structlog.processors.JSONRenderer()
    coloured = out.isatty() and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(
        colors=coloured, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
