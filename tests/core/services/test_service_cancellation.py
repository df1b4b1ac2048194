"""A person cancels one order: what is stored for the engine, what the ledger tells, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.services.conftest import Rings
from core.services.history import PARENTS, UNKNOWN, UNKNOWN_CHILD, live_through
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.read import tail
from tradewire.services.refusal import Code, Refused
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def lived(store: Store, paper: str, breakout: str, clock: FakeClock) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))


def row(store: Store, parent_id: str) -> Any:
    query = select(parent_orders).where(parent_orders.c.id == parent_id)
    return store.read_now(lambda conn: conn.execute(query).one())


@pytest.mark.parametrize("reference", [PARENTS[UNKNOWN], "A3A3A3A3", UNKNOWN_CHILD[:8]])
def test_an_order_is_due_to_be_cancelled_and_its_account_is_rung(
    services: Services, run: Run, store: Store, paper: str, clock: FakeClock, bells: Rings, reference: str
) -> None:
    bells.rung.clear()
    view = run(services.cancellation.cancel(reference, "me"))
    assert (view.id, view.state, view.cancel_requested) == (PARENTS[UNKNOWN], "working", True)
    stored = row(store, PARENTS[UNKNOWN])
    assert (stored.cancel_requested, stored.wake_at, stored.version) == (True, clock.now(), 2)
    assert bells.rung == [paper]


def test_an_order_of_unknown_fate_stays_unknown_until_the_broker_tells(
    services: Services, run: Run, store: Store
) -> None:
    run(services.cancellation.cancel("a3a3", "me"))
    state = select(child_orders.c.state).where(child_orders.c.client_id == UNKNOWN_CHILD)
    assert store.read_now(lambda conn: conn.execute(state).scalar()) == "unknown"
    assert row(store, PARENTS[UNKNOWN]).ended_at is None


@pytest.mark.parametrize(("reason", "told"), [("news", "news"), (None, "Cancelled by me.")])
def test_the_ledger_tells_who_cancelled_it_and_why(
    services: Services, run: Run, store: Store, paper: str, reason: str | None, told: str
) -> None:
    run(services.cancellation.cancel("a3a3", "me", reason))
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.PARENT_CANCEL_REQUESTED]))
    assert (entry.by, entry.reason) == ("me", told)
    assert (entry.parent_id, entry.signal_id, entry.account_id) == (PARENTS[UNKNOWN], UNKNOWN, paper)


@pytest.mark.parametrize(
    ("reference", "code", "told"),
    [
        ("a1a1", Code.CONFLICT, "over already: filled"),
        ("ffff", Code.NOT_FOUND, "begins with ffff"),
        ("xyz", Code.INVALID, "is not the beginning of an order's id"),
        ("", Code.INVALID, "is not the beginning of an order's id"),
    ],
)
def test_what_cannot_be_cancelled_is_refused_in_words(
    services: Services, run: Run, reference: str, code: Code, told: str
) -> None:
    with pytest.raises(Refused, match=told) as refused:
        run(services.cancellation.cancel(reference, "me"))
    assert refused.value.code is code


def test_it_is_asked_for_once(services: Services, run: Run, store: Store) -> None:
    run(services.cancellation.cancel("a3a3", "me"))
    with pytest.raises(Refused, match="being cancelled already"):
        run(services.cancellation.cancel("a3a3", "me"))
    assert len(store.read_now(lambda conn: tail(conn, kinds=[EntryKind.PARENT_CANCEL_REQUESTED]))) == 1


def test_a_beginning_that_several_live_orders_have_names_them(
    services: Services, run: Run, store: Store
) -> None:
    twin = {**row(store, PARENTS[UNKNOWN])._mapping, "id": "a3" + "b" * 30, "leg": 1}
    del twin["seq"]
    store.write_now(lambda conn: conn.execute(insert(parent_orders).values(**twin)))
    with pytest.raises(Refused, match=f"write more of it: {PARENTS[UNKNOWN]}, {twin['id']}"):
        run(services.cancellation.cancel("a3", "me"))
