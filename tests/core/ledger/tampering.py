"""What someone with the database can do to it, each as a function of the connection and a place or two."""

from sqlalchemy import Connection, text

from tradewire.ledger.chain import genesis, link, store_id


def edit_body(conn: Connection, number: int) -> None:
    """The body, and the column that repeats what was changed."""
    changed = 'CAST(replace(CAST(body AS TEXT), \'"kind":"\', \'"kind":"x\') AS BLOB)'
    which = "seq = (SELECT entry_seq FROM ledger_seals WHERE number = :n)"
    conn.execute(
        text(f"UPDATE ledger_entries SET body = {changed}, kind = 'x' || kind WHERE {which}"), {"n": number}
    )


def edit_column(conn: Connection, number: int, column: str, value: str = "1") -> None:
    conn.execute(
        text(
            f"UPDATE ledger_entries SET {column} = :v"
            " WHERE seq = (SELECT entry_seq FROM ledger_seals WHERE number = :n)"
        ),
        {"n": number, "v": value},
    )


def delete(conn: Connection, number: int, *, seal_too: bool) -> None:
    conn.execute(
        text("DELETE FROM ledger_entries WHERE seq = (SELECT entry_seq FROM ledger_seals WHERE number = :n)"),
        {"n": number},
    )
    if seal_too:
        conn.execute(text("DELETE FROM ledger_seals WHERE number = :n"), {"n": number})


def delete_and_close_up(conn: Connection, number: int) -> None:
    """Entry and seal go, and everything after moves down by one."""
    delete(conn, number, seal_too=True)
    for sign in ("-number - 1 WHERE number > :n", "-number - 2 WHERE number < 0"):
        conn.execute(text(f"UPDATE ledger_seals SET number = {sign}"), {"n": number})


def swap(conn: Connection, one: int, other: int) -> None:
    """Two rows change place, body and columns alike."""
    for before, after in ((one, -1), (other, one), (-1, other)):
        conn.execute(text("UPDATE ledger_entries SET seq = :a WHERE seq = :b"), {"a": after, "b": before})


def insert_at(conn: Connection, seq: int, body: bytes) -> None:
    """A forged row at `seq`; what stood there and after moves up by one."""
    conn.execute(text("UPDATE ledger_entries SET seq = -seq - 1 WHERE seq >= :s"), {"s": seq})
    conn.execute(text("UPDATE ledger_entries SET seq = -seq WHERE seq < 0"))
    forge(conn, seq, body)


def forge(conn: Connection, seq: int, body: bytes) -> None:
    conn.execute(
        text(
            "INSERT INTO ledger_entries (seq, at, kind, body)"
            " VALUES (:s, 1772452800000000, 'alert.raised', :b)"
        ),
        {"s": seq, "b": body},
    )


def truncate(conn: Connection, last: int) -> None:
    """Everything after number `last` goes, entries and seals."""
    conn.execute(
        text("DELETE FROM ledger_entries WHERE seq > (SELECT entry_seq FROM ledger_seals WHERE number = :n)"),
        {"n": last},
    )
    conn.execute(text("DELETE FROM ledger_seals WHERE number > :n"), {"n": last})


def recompute(conn: Connection) -> None:
    """Number and chain whatever stands there now, from the first entry on, as if nothing had happened."""
    previous = genesis(store_id(conn) or "")
    conn.execute(text("DELETE FROM ledger_seals"))
    rows = conn.execute(text("SELECT seq, body FROM ledger_entries ORDER BY seq")).all()
    for number, (seq, body) in enumerate(rows, 1):
        previous = link(previous, number, seq, body)
        conn.execute(
            text("INSERT INTO ledger_seals (number, entry_seq, hash) VALUES (:n, :s, :h)"),
            {"n": number, "s": seq, "h": previous},
        )
