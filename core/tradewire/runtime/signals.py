"""Stopping in good order when the supervisor or the user says so."""

import asyncio
import signal


def stopped_by_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; called on the loop that waits for it."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
