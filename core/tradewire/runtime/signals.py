"""Stopping in good order when the supervisor or the user says so; at once when that is said again."""

import asyncio
import os
import signal
from functools import partial

import structlog

log = structlog.get_logger()


def stopped_by_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; called on the loop that waits for it.

    The second one ends the process there and then, as a power cut would: the next start recovers.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, partial(_stop, stopping, number))
    return stopping


def _stop(stopping: asyncio.Event, number: int) -> None:
    if stopping.is_set():
        log.warning("Told to stop a second time: Tradewire ends at once, and recovers at its next start.")
        os._exit(128 + number)
    stopping.set()
