"""Algorithms are replaced and removed: what stays, what is refused, what the ledger tells."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.services.conftest import ALGORITHM, Rings
from core.services.history import hold, live_through
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.read import tail
from tradewire.services.accounts import NewAccount
from tradewire.services.refusal import Refused
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders, switches
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]
DYNAMIC = ALGORITHM + "[dynamic]\naction = true\n"
WINDOW = ALGORITHM.replace('kind = "gtc"', 'kind = "window"\nend = {}')


def test_a_file_replaces_the_algorithm_that_it_names(
    services: Services, run: Run, breakout: str, store: Store, bells: Rings
) -> None:
    run(services.algorithms.start("breakout", "me"))
    bells.rung.clear()
    saved = run(services.algorithms.update(ALGORITHM.replace('"AAPL"', '"MSFT"'), "me")).algorithm
    [one] = run(services.algorithms.list())
    assert (one, one.id, one.symbol, one.state) == (saved, breakout, "MSFT", "started")
    assert bells.rung == [one.account_id]
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.ALGORITHM_CHANGED]))
    assert (entry.by, entry.algorithm_id, entry.data["symbol"]) == ("me", breakout, "MSFT")


def test_an_algorithm_takes_a_new_name_unless_another_has_it(
    services: Services, run: Run, breakout: str
) -> None:
    other = ALGORITHM.replace('name = "breakout"', 'name = "other"')
    assert run(services.algorithms.update(other, "me", of="breakout")).algorithm.id == breakout
    run(services.algorithms.add(ALGORITHM, "me"))
    with pytest.raises(Refused, match='There is an algorithm "other" already'):
        run(services.algorithms.update(other, "me", of="breakout"))
    with pytest.raises(Refused, match='There is no algorithm "another"'):
        run(services.algorithms.update(ALGORITHM.replace('name = "breakout"', 'name = "another"'), "me"))


@pytest.mark.usefixtures("breakout")
def test_every_mistake_of_the_new_file_is_told_and_nothing_is_changed(services: Services, run: Run) -> None:
    before = run(services.algorithms.list())
    mistaken = ALGORITHM.replace('"buy"', '"bye"').replace('"market"', '"markt"')
    with pytest.raises(Refused) as refused:
        run(services.algorithms.update(mistaken, "me"))
    assert len(refused.value.problems) == 2
    assert run(services.algorithms.list()) == before


@pytest.mark.usefixtures("breakout")
def test_whether_shorts_are_allowed_stays_where_it_was_said_once_and_is_asked_where_it_was_not(
    services: Services, run: Run
) -> None:
    with pytest.raises(Refused, match="allow_shorts"):
        run(services.algorithms.update(DYNAMIC, "me"))
    assert run(services.algorithms.update(DYNAMIC, "me", allow_shorts=True)).algorithm.allow_shorts
    assert run(services.algorithms.update(DYNAMIC, "me")).algorithm.allow_shorts
    assert not run(services.algorithms.update(DYNAMIC, "me", allow_shorts=False)).algorithm.allow_shorts


@pytest.mark.usefixtures("breakout")
def test_a_new_validity_of_a_started_algorithm_is_measured_from_now(
    services: Services, run: Run, clock: FakeClock
) -> None:
    run(services.algorithms.start("breakout", "me"))
    end = clock.now() + timedelta(hours=1)
    assert run(services.algorithms.update(WINDOW.format(end.isoformat()), "me")).algorithm.valid_until == end
    over = clock.now() - timedelta(hours=1)
    with pytest.raises(Refused, match="ended at"):
        run(services.algorithms.update(WINDOW.format(over.isoformat()), "me"))
    assert run(services.algorithms.show("breakout")).algorithm.valid_until == end


def test_nothing_is_changed_under_live_orders_nor_another_account_or_symbol_taken_while_something_is_held(
    services: Services, run: Run, store: Store, paper: str, breakout: str, clock: FakeClock
) -> None:
    now = clock.now()
    store.write_now(lambda conn: live_through(conn, paper, breakout, now))
    with pytest.raises(Refused, match=r'Orders of the algorithm "breakout" are live: a3a3a3a3'):
        run(services.algorithms.update(ALGORITHM, "me"))
    _end_all(store, clock)
    run(services.algorithms.update(ALGORITHM, "me"))
    run(services.accounts.add(NewAccount(name="second", broker="paper"), "me"))
    with pytest.raises(Refused, match=r'A position of the algorithm "breakout" is open: AAPL'):
        run(services.algorithms.update(ALGORITHM.replace('account = "paper"', 'account = "second"'), "me"))
    with pytest.raises(Refused, match=r'A position of the algorithm "breakout" is open: AAPL'):
        run(services.algorithms.update(ALGORITHM.replace('symbol = "AAPL"', 'symbol = "MSFT"'), "me"))


def test_a_started_algorithm_and_one_in_use_are_not_removed(
    services: Services, run: Run, store: Store, paper: str, breakout: str, clock: FakeClock
) -> None:
    run(services.algorithms.start("breakout", "me"))
    with pytest.raises(Refused, match="is started; first"):
        run(services.algorithms.remove("breakout", "me"))
    run(services.algorithms.stop("breakout", "me"))
    now = clock.now()
    store.write_now(lambda conn: live_through(conn, paper, breakout, now))
    with pytest.raises(Refused) as refused:
        run(services.algorithms.remove("breakout", "me"))
    assert ["a3a3a3a3" in one or "AAPL" in one for one in refused.value.problems] == [True, True]
    assert len(run(services.algorithms.list())) == 1


def test_a_removed_algorithm_is_gone_with_its_switch_and_stays_in_the_ledger(
    services: Services, run: Run, store: Store, breakout: str
) -> None:
    assert run(services.algorithms.remove("breakout", "me")).id == breakout
    assert run(services.algorithms.list()) == ()
    scopes = store.read_now(lambda conn: conn.execute(select(switches.c.scope)).scalars().all())
    assert "algorithm" not in scopes
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.ALGORITHM_REMOVED]))
    assert (entry.by, entry.algorithm_id, entry.data["name"]) == ("me", breakout, "breakout")
    with pytest.raises(Refused, match="There is no algorithm yet"):
        run(services.algorithms.show("breakout"))


def test_what_was_held_through_a_removed_algorithm_keeps_its_name(
    services: Services, run: Run, store: Store, paper: str, breakout: str, clock: FakeClock
) -> None:
    now = clock.now()
    store.write_now(lambda conn: hold(conn, paper, breakout, "AAPL", "0", "0", at=now, realised="12"))
    run(services.algorithms.remove("breakout", "me"))
    assert [one.algorithm for one in run(services.positions.list(flat=True)).items] == ["breakout"]


def _end_all(store: Store, clock: FakeClock) -> None:
    def unit(conn: Any) -> None:
        conn.execute(update(parent_orders).values(state="filled", ended_at=clock.now()))
        conn.execute(update(child_orders).values(state="filled", ended_at=clock.now()))

    store.write_now(unit)
