"""Why a signal that was accepted still waits."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tradewire.brokerage.leases import shared_now
from tradewire.engine.roll import WorkerRow, read_roll

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def why_it_waits(conn: Connection, now: datetime, lease_s: float) -> str | None:
    """That no worker runs, when the last was heard, and what to do; None while one runs and takes it."""
    roll = read_roll(conn, now, lease_s)
    if any(worker.is_alive for worker in roll):
        return None
    return (
        f"It waits: no worker is running, {_last_heard(roll, shared_now(conn, now))}. Start `tradewire up`, "
        "or `tradewire worker` beside `tradewire serve`; it goes on from here, unless it is too old by then."
    )


def _last_heard(roll: tuple[WorkerRow, ...], now: datetime) -> str:
    if not roll:
        return "and none was heard lately"
    last = max(roll, key=lambda worker: worker.heartbeat)
    return f"and the last, {last.id} on {last.host}, was heard {_ago(now - last.heartbeat)} ago"


def _ago(time: timedelta) -> str:
    if time < _MINUTE:
        return f"{max(time.total_seconds(), 0):.0f} s"
    return f"{time // _MINUTE} min" if time < _HOUR else f"{time // _HOUR} h"
