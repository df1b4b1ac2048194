"""Sealing: entries get their number and hash. It follows writing, and never changes an entry."""

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from tradewire.crashpoints import crashpoint
from tradewire.ledger.chain import ensure_store_id, genesis, link
from tradewire.ledger.rows import body_bytes, raw
from tradewire.store.schema.ledger import ledger_entries, ledger_seals


def seal(conn: Connection, limit: int = 5000) -> int:
    """Number and chain up to `limit` committed entries after the last sealed one, in order of seq; how many.

    Safe at any time and by several at once: the tables' unique keys let one of them pass, and the others do
    nothing and return 0. Give it a transaction of its own: on PostgreSQL it waits for open writers and holds
    back new ones, since there a lower seq may be committed after a higher one and would never be sealed.
    """
    if not _after(conn, _last(conn)[1], 1):
        return 0
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE ledger_entries IN SHARE ROW EXCLUSIVE MODE"))
    try:
        with conn.begin_nested():
            return _seal(conn, limit)
    except IntegrityError:
        return 0


def _seal(conn: Connection, limit: int) -> int:
    number, seq, previous = _last(conn)
    if number == 0:
        previous = genesis(ensure_store_id(conn))
    seals = []
    for entry_seq, body in _after(conn, seq, limit):
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


def _after(conn: Connection, seq: int, limit: int) -> list[tuple[int, bytes]]:
    entries = ledger_entries.c
    rows = conn.execute(
        select(entries.seq, raw(entries.body)).where(entries.seq > seq).order_by(entries.seq).limit(limit)
    )
    return [(found, body_bytes(body)) for found, body in rows]
