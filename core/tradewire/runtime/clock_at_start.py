"""A clock that was set back while Tradewire was stopped; a step while it runs is the sweeper's."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, select

from tradewire.engine.clock_steps import wake_all
from tradewire.store.schema.ledger import ledger_entries

log = structlog.get_logger()

#: What the clocks of several machines on one database may differ by.
_SLACK = timedelta(seconds=1)
#: Entries of one moment are stored in any order, and some carry a broker's time.
_NEWEST = 20


def wake_if_set_back(conn: Connection, now: datetime) -> timedelta | None:
    """Where the ledger ends later than `now`, have every order looked at that waits for the time of before.

    Returns by how much it ends later; None where the clock has gone on, or where nothing can wait for it.
    """
    newest = select(ledger_entries.c.at).order_by(ledger_entries.c.seq.desc()).limit(_NEWEST)
    last: datetime | None = max(conn.execute(newest).scalars(), default=None)
    if last is None or last - now <= _SLACK:
        return None
    wake_all(conn, now)
    log.warning(
        "The machine's clock was set back while Tradewire was stopped.",
        seconds=round((last - now).total_seconds(), 1),
        last_entry=last.isoformat(),
    )
    return last - now
