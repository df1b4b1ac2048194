"""A database older than what happened: everything is held back until a person confirms."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.services.conftest import Rings
from core.services.history import BLOCKED, PARENTS, UNKNOWN, UNKNOWN_CHILD, live_through
from tradewire.domain.ledger import EntryKind
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.checkpoint import Checkpoint, checkpoint
from tradewire.ledger.read import tail
from tradewire.ledger.seal import seal
from tradewire.services.holding import Cause, HeldBack, hold_back
from tradewire.services.refusal import Refused
from tradewire.services.restorations import hold_if_behind
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, leases, parent_orders, restorations, signals
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]
WAITING = "019c0000-0006-7000-8000-000000000006"


@pytest.fixture(autouse=True)
def history(store: Store, clock: FakeClock, paper: str, breakout: str) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))
    store.write_now(
        lambda conn: conn.execute(
            insert(leases).values(account_id=paper, owner="embedded", epoch=4, until=None, reconciled=True)
        )
    )


@pytest.fixture
def hold(store: Store, clock: FakeClock) -> Callable[[], HeldBack]:
    return lambda: store.write_now(
        lambda conn: hold_back(conn, Cause.RESTORED, "A backup was put back.", None, clock.now())
    )


@pytest.fixture
def rows(store: Store) -> Callable[..., Any]:
    return lambda table: store.read_now(lambda conn: conn.execute(select(table)).all())


def put(store: Store, table: Any, where: Any, **values: Any) -> None:
    store.write_now(lambda conn: conn.execute(update(table).where(where).values(**values)))


def compared(store: Store) -> None:
    put(store, leases, leases.c.epoch > 0, reconciled=True)


def test_a_signal_that_was_not_routed_ends_with_its_reason(
    store: Store, services: Services, run: Run, hold: Callable[[], HeldBack]
) -> None:
    put(store, signals, signals.c.id == BLOCKED, routed_at=None)
    put(store, parent_orders, parent_orders.c.signal_id == BLOCKED, signal_id=WAITING)
    assert hold().signals == 1
    shown = next(one for one in run(services.signals.list()).items if one.id == BLOCKED)
    assert (shown.state, "older than a restore" in (shown.reason or "")) == ("failed", True)


def test_an_order_that_waited_ends_unsent(
    store: Store, hold: Callable[[], HeldBack], rows: Callable[..., Any]
) -> None:
    put(store, parent_orders, parent_orders.c.id == PARENTS[UNKNOWN], state="pending")
    assert (hold().ended, hold().ended) == (1, 0)
    parent = next(row for row in rows(parent_orders) if row.id == PARENTS[UNKNOWN])
    assert (parent.state, parent.reason, parent.wake_at) == ("cancelled", "restored", None)
    assert parent.ended_at is not None


def test_an_order_that_was_being_worked_is_paused(
    hold: Callable[[], HeldBack], rows: Callable[..., Any]
) -> None:
    assert hold().paused == 1
    parent = next(row for row in rows(parent_orders) if row.id == PARENTS[UNKNOWN])
    assert (parent.state, parent.reason, parent.wake_at, parent.ended_at) == (
        "paused",
        "restored",
        None,
        None,
    )


def test_what_is_being_cancelled_goes_on_being_cancelled(
    store: Store, hold: Callable[[], HeldBack], rows: Callable[..., Any]
) -> None:
    put(store, parent_orders, parent_orders.c.id == PARENTS[UNKNOWN], cancel_requested=True)
    assert hold().paused == 0
    parent = next(row for row in rows(parent_orders) if row.id == PARENTS[UNKNOWN])
    assert (parent.state, parent.cancel_requested) == ("working", True)


def test_an_order_that_was_not_yet_sent_may_have_been_since_and_is_looked_up(
    store: Store, hold: Callable[[], HeldBack], rows: Callable[..., Any]
) -> None:
    put(store, child_orders, child_orders.c.client_id == UNKNOWN_CHILD, state="new", sent_at=None)
    assert hold().unsure == 1
    child = next(row for row in rows(child_orders) if row.client_id == UNKNOWN_CHILD)
    assert (child.state, child.sent_at) == ("unknown", child.created_at)


def test_every_account_is_halted_with_an_alert_and_has_to_be_compared(
    store: Store, services: Services, run: Run, hold: Callable[[], HeldBack], rows: Callable[..., Any]
) -> None:
    assert hold().accounts == ("paper",)
    switch = next(one for one in run(services.switches.list()) if one.scope is Scope.ACCOUNT)
    assert (switch.state, switch.by) == (SwitchState.HALTED, "restore")
    [lease] = rows(leases)
    assert (lease.owner, lease.epoch, lease.reconciled) == (None, 5, False)
    [alert] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.ALERT_RAISED]))
    assert "tradewire confirm" in (alert.reason or "")
    standing = run(services.overview.status()).restoration
    assert [(one.name, one.compared) for one in standing.accounts] == [("paper", False)]


def test_it_is_not_confirmed_before_the_account_was_compared(
    services: Services, run: Run, hold: Callable[[], HeldBack]
) -> None:
    hold()
    with pytest.raises(Refused, match="paper: not yet compared with the broker"):
        run(services.restorations.confirm("looked", "owner"))
    assert run(services.restorations.show()) is not None


def test_confirming_releases_the_account_and_winds_down_what_was_worked(
    store: Store,
    services: Services,
    run: Run,
    bells: Rings,
    hold: Callable[[], HeldBack],
    rows: Callable[..., Any],
    paper: str,
) -> None:
    hold()
    compared(store)
    bells.rung.clear()
    done = run(services.restorations.confirm("compared all", "owner"))
    assert (done.released, done.still_halted, done.orders_cancelled) == (("paper",), (), 1)
    assert bells.rung == [paper]
    parent = next(row for row in rows(parent_orders) if row.id == PARENTS[UNKNOWN])
    assert (parent.cancel_requested, parent.wake_at is not None) == (True, True)
    switch = next(one for one in run(services.switches.list()) if one.scope is Scope.ACCOUNT)
    assert (switch.state, switch.by, switch.reason) == (SwitchState.ACTIVE, "owner", "compared all")
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.STORE_CONFIRMED]))
    assert (entry.by, entry.data["accounts"]) == ("owner", ["paper"])
    assert run(services.restorations.show()) is None


def test_there_is_nothing_to_confirm_where_nothing_was_restored(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match="Nothing waits to be confirmed"):
        run(services.restorations.confirm("looked", "owner"))


def test_an_account_that_a_person_had_halted_stays_halted(
    store: Store, services: Services, run: Run, hold: Callable[[], HeldBack]
) -> None:
    run(services.switches.halt(Scope.ACCOUNT, "paper", "holidays", "owner"))
    hold()
    compared(store)
    done = run(services.restorations.confirm("compared all", "owner"))
    assert (done.released, done.still_halted) == ((), ("paper",))


def test_an_account_that_only_let_exits_pass_does_so_again(
    store: Store, services: Services, run: Run, hold: Callable[[], HeldBack]
) -> None:
    run(services.switches.halt(Scope.ACCOUNT, "paper", "holidays", "owner", reducing=True))
    hold()
    hold()
    compared(store)
    run(services.restorations.confirm("compared all", "owner"))
    switch = next(one for one in run(services.switches.list()) if one.scope is Scope.ACCOUNT)
    assert switch.state is SwitchState.REDUCING


@pytest.fixture
def kept(store: Store, clock: FakeClock) -> Checkpoint:
    """A checkpoint of all that has happened."""
    store.write_now(seal)
    return store.read_now(lambda conn: checkpoint(conn, clock.now()))


def behind(store: Store, clock: FakeClock, kept: Checkpoint) -> bool:
    return store.write_now(lambda conn: hold_if_behind(conn, kept, clock.now()))


def later(kept: Checkpoint, numbers: int = 10) -> Checkpoint:
    """A checkpoint of entries that this database does not hold."""
    return Checkpoint(number=kept.number + numbers, hash="ab" * 32, at=kept.at, store_id=kept.store_id)


def test_a_database_that_holds_its_checkpoint_goes_on(
    store: Store, clock: FakeClock, kept: Checkpoint, rows: Callable[..., Any]
) -> None:
    assert not behind(store, clock, kept)
    assert rows(restorations) == []


def test_a_database_that_is_behind_its_checkpoint_is_held_once(
    store: Store, clock: FakeClock, kept: Checkpoint, rows: Callable[..., Any]
) -> None:
    assert behind(store, clock, later(kept))
    assert not behind(store, clock, later(kept))
    assert [row.cause for row in rows(restorations)] == ["behind"]


def test_a_database_with_another_history_is_held(store: Store, clock: FakeClock, kept: Checkpoint) -> None:
    assert behind(store, clock, later(kept, numbers=0))


def test_a_checkpoint_from_before_the_confirmation_holds_nothing_back(
    store: Store, clock: FakeClock, kept: Checkpoint, services: Services, run: Run
) -> None:
    behind(store, clock, later(kept))
    compared(store)
    clock.advance(60)
    run(services.restorations.confirm("compared all", "owner"))
    assert not behind(store, clock, later(kept, numbers=20))


def test_a_checkpoint_from_after_the_confirmation_holds_back_again(
    store: Store, clock: FakeClock, kept: Checkpoint, services: Services, run: Run
) -> None:
    behind(store, clock, later(kept))
    compared(store)
    run(services.restorations.confirm("compared all", "owner"))
    newer = Checkpoint(
        number=kept.number + 30, hash="cd" * 32, at=kept.at + timedelta(hours=1), store_id=kept.store_id
    )
    assert behind(store, clock, newer)
