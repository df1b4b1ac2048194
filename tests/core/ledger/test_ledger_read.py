from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, Engine, text

from core.ledger.samples import NOON, entry
from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import Entry, EntryKind, Recorded
from tradewire.ledger.append import append
from tradewire.ledger.read import of_parent, of_signal, tail
from tradewire.ledger.seal import seal


def test_an_entry_comes_back_whole(engine: Engine) -> None:
    given = Entry(
        at=NOON,
        kind=EntryKind.FILL_STORED,
        signal_id="s",
        parent_id="p",
        client_id="c",
        account_id="a",
        algorithm_id="g",
        by="engine",
        reason="said",
        data={"price": Decimal("1.50"), "list": [1, None, True]},
    )
    with engine.begin() as conn:
        append(conn, [given])
        seal(conn)
        (read,) = of_signal(conn, "s")
    assert read == Recorded(
        seq=1,
        number=1,
        at=NOON,
        kind=EntryKind.FILL_STORED,
        signal_id="s",
        parent_id="p",
        client_id="c",
        account_id="a",
        algorithm_id="g",
        by="engine",
        reason="said",
        data={"price": "1.5", "list": [1, None, True]},
    )


def test_a_signals_entries_come_oldest_first_sealed_or_not(conn: Connection) -> None:
    append(conn, [entry(4), entry(4, kind=EntryKind.SIGNAL_ROUTED, parent_id="p")])
    assert [(one.seq, one.number) for one in of_signal(conn, "signal-4")] == [(4, 4), (11, None), (12, None)]
    assert [one.seq for one in of_parent(conn, "p")] == [12]


def test_the_tail_is_newest_first_and_pages_by_seq(conn: Connection) -> None:
    assert [one.seq for one in tail(conn, 3)] == [10, 9, 8]
    assert [one.seq for one in tail(conn, 3, before=8)] == [7, 6, 5]


def test_every_filter_must_pass(conn: Connection) -> None:
    append(conn, [entry(11, account_id="a", algorithm_id="g", kind=EntryKind.ALGORITHM_STARTED)])
    append(conn, [entry(12, account_id="a", algorithm_id="h", parent_id="p")])
    assert [one.seq for one in tail(conn, account_id="a")] == [12, 11]
    assert [one.seq for one in tail(conn, account_id="a", algorithm_id="g")] == [11]
    assert [one.seq for one in tail(conn, kinds=[EntryKind.ALGORITHM_STARTED])] == [11]
    assert [one.seq for one in tail(conn, parent_id="p", signal_id="signal-12")] == [12]


def test_since_is_included_and_until_is_not(conn: Connection) -> None:
    micro = timedelta(microseconds=1)
    assert [one.seq for one in tail(conn, since=NOON + 4 * micro, until=NOON + 7 * micro)] == [6, 5, 4]


def test_an_entry_that_cannot_be_read_says_what_to_do(conn: Connection) -> None:
    conn.execute(text("UPDATE ledger_entries SET body = 'x' WHERE seq = 4"))
    with pytest.raises(Unhonoured, match="tradewire audit verify"):
        of_signal(conn, "signal-4")
