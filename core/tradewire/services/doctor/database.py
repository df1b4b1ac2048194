"""The database: how it is set, how far behind sealing is, what waits."""

import sqlite3
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from tradewire.brokerage.leases import shared_now
from tradewire.domain.order import ChildState, ParentState
from tradewire.services.doctor.finding import Finding, fail, ok, warn
from tradewire.services.restorations import standing
from tradewire.store.schema import (
    child_orders,
    ledger_entries,
    ledger_seals,
    parent_orders,
    signals,
)

#: Seconds; what is due is worked within moments, and sealed within a sweep.
LONGEST_WAIT_S = 10.0
LONGEST_UNSEALED_S = 60.0
#: Seconds by which this machine's clock may differ from the database server's.
APART_S = 1.0
FAR_APART_S = 10.0


def database_findings(conn: Connection, now: datetime) -> tuple[Finding, ...]:
    """`now` is this process' clock."""
    return (
        _settings(conn),
        *_clock(conn, now),
        _sealing(conn, now),
        _waiting(conn, now),
        *_attention(conn),
    )


def _settings(conn: Connection) -> Finding:
    revision = conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    if conn.dialect.name == "postgresql":
        server = conn.execute(text("SELECT current_setting('server_version')")).scalar_one()
        return ok("store", f"PostgreSQL {server}, tables at revision {revision}.")
    journal = conn.execute(text("PRAGMA journal_mode")).scalar_one()
    about = f"SQLite {sqlite3.sqlite_version}, journal mode {journal}, tables at revision {revision}."
    if journal != "wal":
        return fail("store", about, "Stop everything that uses the file, and start Tradewire again.")
    if sqlite3.sqlite_version_info < (3, 51, 3):
        about += " One connection writes and copies the journal back, which this version of SQLite needs."
    return ok("store", about)


def _clock(conn: Connection, now: datetime) -> tuple[Finding, ...]:
    """Against the database server's; SQLite has none of its own."""
    if conn.dialect.name != "postgresql":
        return ()
    apart = abs((shared_now(conn, now) - now).total_seconds())
    sentence = f"This machine's clock and the database server's are {apart:.1f} s apart."
    advice = "Set both by NTP: a signal's age is judged by this machine's clock."
    if apart > FAR_APART_S:
        return (fail("clock", sentence, advice),)
    return (warn("clock", sentence, advice) if apart > APART_S else ok("clock", sentence),)


def _sealing(conn: Connection, now: datetime) -> Finding:
    last = conn.execute(select(func.max(ledger_seals.c.entry_seq))).scalar() or 0
    unsealed = ledger_entries.c.seq > last
    count = conn.execute(select(func.count()).select_from(ledger_entries).where(unsealed)).scalar_one()
    oldest: datetime | None = conn.execute(
        select(ledger_entries.c.at).where(unsealed).order_by(ledger_entries.c.seq).limit(1)
    ).scalar()
    if oldest is None:
        return ok("ledger", "Every entry is sealed.")
    age = (now - oldest).total_seconds()
    sentence = f"{count} entries wait to be sealed, the oldest for {max(age, 0):.0f} s."
    if age > LONGEST_UNSEALED_S:
        return warn("ledger", sentence, "Nobody seals: is Tradewire running? `tradewire up` goes on with it.")
    return ok("ledger", sentence)


def _waiting(conn: Connection, now: datetime) -> Finding:
    signal: datetime | None = conn.execute(
        select(signals.c.accepted_at).where(signals.c.routed_at.is_(None)).order_by(signals.c.seq).limit(1)
    ).scalar()
    order: datetime | None = conn.execute(
        select(func.min(parent_orders.c.wake_at)).where(parent_orders.c.ended_at.is_(None))
    ).scalar()
    waits = [max((now - one).total_seconds(), 0.0) for one in (signal, order) if one is not None]
    age = max(waits, default=0.0)
    if age <= LONGEST_WAIT_S:
        return ok("work", "Nothing that is due has waited for long.")
    return fail(
        "work",
        f"The oldest due signal or order has waited for {age:.0f} s.",
        "Is Tradewire running, and are its accounts connected? See its log.",
    )


def _attention(conn: Connection) -> tuple[Finding, ...]:
    """What only a person can end."""
    found = []
    waiting = standing(conn)
    if waiting is not None:
        found.append(
            warn(
                "restore",
                waiting.detail,
                'Compare accounts with their brokers, then `tradewire confirm --reason "…"`.',
            )
        )
    unknown = conn.execute(
        select(func.count())
        .select_from(child_orders)
        .where(child_orders.c.ended_at.is_(None), child_orders.c.state == ChildState.UNKNOWN.value)
    ).scalar_one()
    if unknown:
        found.append(
            warn("orders", f"Orders whose fate is unknown: {unknown}.", "See `tradewire orders --live`.")
        )
    paused = conn.execute(
        select(func.count())
        .select_from(parent_orders)
        .where(parent_orders.c.ended_at.is_(None), parent_orders.c.state == ParentState.PAUSED.value)
    ).scalar_one()
    if paused:
        found.append(
            warn(
                "orders",
                f"Orders that wait for a person: {paused}.",
                "See `tradewire orders --state paused`.",
            )
        )
    return tuple(found)
