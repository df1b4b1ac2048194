import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, func, select

from core.ledger.samples import entry, fill
from tradewire.ledger.append import append
from tradewire.ledger.seal import seal
from tradewire.ledger.verify import verify
from tradewire.store.schema.ledger import ledger_seals


@contextmanager
def before_sealing(conn: Connection, act: Any) -> Iterator[None]:
    """Something else happens between a sealer's reading and its writing."""

    def listener(_: Any, __: Any, statement: str, *rest: Any) -> None:
        if waiting and statement.startswith("INSERT INTO ledger_seals"):
            waiting.pop()()

    waiting = [act]
    event.listen(conn, "before_cursor_execute", listener)
    yield


def test_sealing_takes_what_is_new_and_no_more_than_its_limit(engine: Engine) -> None:
    fill(engine, 7, sealed=False)
    with engine.begin() as conn:
        assert [seal(conn, limit=5), seal(conn, limit=5), seal(conn, limit=5)] == [5, 2, 0]
        assert verify(conn).last == 7


def test_sealing_in_pieces_gives_the_same_chain_as_at_once(engine: Engine, conn: Connection) -> None:
    whole = conn.execute(select(ledger_seals.c.hash).order_by(ledger_seals.c.number)).scalars().all()
    conn.execute(ledger_seals.delete())
    while seal(conn, limit=3):
        pass
    pieces = conn.execute(select(ledger_seals.c.hash).order_by(ledger_seals.c.number)).scalars().all()
    assert pieces == whole


def test_two_ledgers_of_the_same_entries_have_different_chains(engine: Engine, conn: Connection) -> None:
    first = verify(conn).hash
    for table in reversed(ledger_seals.metadata.sorted_tables):
        if table.name.startswith("ledger"):
            conn.execute(table.delete())
    append(conn, [entry(place) for place in range(1, 11)])
    seal(conn)
    assert verify(conn).hash != first


def test_the_sealer_that_comes_second_does_nothing(conn: Connection) -> None:
    append(conn, [entry(11)])
    rival = {"number": 11, "entry_seq": 11, "hash": bytes(32)}
    with before_sealing(conn, lambda: conn.execute(ledger_seals.insert(), rival)):
        assert seal(conn) == 0
    assert conn.execute(select(func.count()).select_from(ledger_seals)).scalar() == 10


def test_a_rolled_back_transaction_leaves_neither_entries_nor_seals(engine: Engine, conn: Connection) -> None:
    append(conn, [entry(11)])
    assert seal(conn) == 1
    conn.rollback()
    assert verify(conn).last == 10


def test_many_sealers_at_once_make_one_chain(engine: Engine) -> None:
    fill(engine, 300, sealed=False)
    counts: list[int] = []

    def work() -> None:
        done = 1
        while done:
            with engine.begin() as conn:
                done = seal(conn, limit=7)
            counts.append(done)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 300
    with engine.begin() as conn:
        assert verify(conn).ok
