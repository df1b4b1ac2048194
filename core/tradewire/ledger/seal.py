"""Sealing: entries get their number and hash. It follows writing, and never changes an entry.

On PostgreSQL a lower seq may be committed after a higher one. Whoever appends holds a shared lock from before
its first seq is drawn until it has committed; a trigger sees to that. So the sealer takes down the highest
seq it sees, then who holds that lock, and once those are gone nothing below that seq can come any more. It
waits a moment for them, and nobody waits for it.
"""

from sqlalchemy import ARRAY, Connection, Text, bindparam, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from tradewire.crashpoints import crashpoint
from tradewire.ledger.chain import ensure_store_id, genesis, link
from tradewire.ledger.rows import body_bytes, raw
from tradewire.store.locks import Lock, try_hold
from tradewire.store.schema.ledger import ledger_entries, ledger_seals

# Other transactions that hold the appenders' lock; a virtual transaction's id is never used again while the
# server runs. pg_locks shows the halves of a 64-bit key as classid and objid.
_APPENDING = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid::bigint = :high AND objid::bigint = :low AND pid <> pg_backend_pid()"
)
_STILL_APPENDING = text(f"{_APPENDING.text} AND virtualtransaction = ANY(:known)").bindparams(
    bindparam("known", type_=ARRAY(Text))
)
_KEY = {"high": Lock.APPENDERS >> 32, "low": Lock.APPENDERS & 0xFFFFFFFF}
#: Those who are appending are looked for again so often, after so many seconds each.
_LOOKS = 50
_PAUSE = text("SELECT pg_sleep(0.005)")


def seal(conn: Connection, limit: int = 5000) -> int:
    """Number and chain up to `limit` committed entries after the last sealed one, in order of seq; how many.

    Safe at any time and by several at once: the tables' unique keys let one of them pass, and the others do
    nothing and return 0. Give it a transaction of its own; one in which each statement sees what is committed
    when it begins, as the store's units do. Returns 0 as well where somebody who is appending takes long.
    """
    if not _after(conn, _last(conn)[1], 1) or not try_hold(conn, Lock.SEALER):
        return 0
    settled = _settled(conn)
    if settled is None:
        return 0
    try:
        with conn.begin_nested():
            return _seal(conn, limit, settled)
    except IntegrityError:
        return 0


def _settled(conn: Connection) -> int | None:
    """The highest seq below which nothing is still to come; None if that cannot be said yet."""
    highest: int = conn.execute(select(func.max(ledger_entries.c.seq))).scalar_one()
    if conn.dialect.name != "postgresql":
        return highest
    appending = conn.execute(_APPENDING, _KEY).scalars().all()
    for _ in range(_LOOKS):
        if not appending:
            return highest
        conn.execute(_PAUSE).close()
        appending = conn.execute(_STILL_APPENDING, {**_KEY, "known": appending}).scalars().all()
    return None


def _seal(conn: Connection, limit: int, settled: int) -> int:
    number, seq, previous = _last(conn)
    if number == 0:
        previous = genesis(ensure_store_id(conn))
    seals = []
    for entry_seq, body in _after(conn, seq, limit, settled):
        number += 1
        previous = link(previous, number, entry_seq, body)
        seals.append({"number": number, "entry_seq": entry_seq, "hash": previous})
    if seals:
        conn.execute(insert(ledger_seals), seals)
        crashpoint("seal.storing")
    return len(seals)


def _last(conn: Connection) -> tuple[int, int, bytes]:
    """(number, seq, hash) of the last seal; (0, 0, nothing) when there is none."""
    seals = ledger_seals.c
    row = conn.execute(
        select(seals.number, seals.entry_seq, seals.hash).order_by(seals.number.desc()).limit(1)
    ).first()
    return (0, 0, b"") if row is None else (row.number, row.entry_seq, bytes(row.hash))


def _after(conn: Connection, seq: int, limit: int, last: int | None = None) -> list[tuple[int, bytes]]:
    """Up to `limit` entries beyond `seq`, none beyond `last`."""
    entries = ledger_entries.c
    query = select(entries.seq, raw(entries.body)).where(entries.seq > seq).order_by(entries.seq).limit(limit)
    if last is not None:
        query = query.where(entries.seq <= last)
    return [(found, body_bytes(body)) for found, body in conn.execute(query)]
