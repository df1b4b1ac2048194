"""A stranger's limit over all accounts holds exactly, although nobody configured it: it asks to be asked."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest

from core.engine.acts import settle
from core.engine.bench import Bench
from starting_points import discovered
from tradewire import GuardedOrder, Guardian, GuardView, Plugged, Scope, Verdict, allow, block
from tradewire.domain.order import ParentState
from tradewire.engine import loading
from tradewire.engine.guarding import MANDATORY, weighs_all_accounts
from tradewire.plugins import Plugins
from tradewire.store.database import Store

ACCOUNTS = [f"account-{number}" for number in range(6)]
ROOM = Decimal(30)


class MostOfAll(Guardian):
    """Leaves room for so many units on all accounts together."""

    name = "most_of_all"
    scopes = always = frozenset({Scope.GLOBAL})

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        there = sum((one.worst() for one in view.exposures), Decimal(0))
        if there + order.quantity > ROOM:
            return block("enough", f"There are {there} on all accounts.")
        return allow("room", "There is room.")


@pytest.fixture
def many(store: Store) -> Bench:
    """Several accounts with one algorithm each, each with an order for ten that is due."""
    plugins = discovered()
    plugins.guardians[MostOfAll.name] = MostOfAll()
    bench = Bench(store, plugins)
    for name in ACCOUNTS:
        bench.account(name)
        bench.algorithm(name, name)
        bench.signal(name)
    bench.route()
    return bench


def states(bench: Bench) -> list[ParentState]:
    return [one.state for one in bench.parents()]


def test_what_another_account_admits_between_look_and_write_counts(many: Bench) -> None:
    for name in ACCOUNTS[:2]:
        many.work(name)
    many.work(ACCOUNTS[2], meanwhile=partial(many.worker.work, ACCOUNTS[3]))
    assert states(many)[2:4] == [ParentState.BLOCKED, ParentState.WORKING]


def test_accounts_worked_side_by_side_admit_no_more_than_there_is_room_for(many: Bench) -> None:
    with ThreadPoolExecutor(len(ACCOUNTS)) as threads:
        list(threads.map(many.work, ACCOUNTS))
    assert sorted(states(many)) == sorted([ParentState.WORKING] * 3 + [ParentState.BLOCKED] * 3)


def test_accounts_are_weighed_together_only_where_somebody_who_is_asked_may_do_so() -> None:
    plugins = discovered()
    assert not weighs_all_accounts(plugins, ())
    assert not weighs_all_accounts(plugins, (Plugged(name="kill_switch"),))
    assert weighs_all_accounts(plugins, (Plugged(name="max_position", params={"notional": "1500"}),))
    plugins.guardians[MostOfAll.name] = MostOfAll()
    assert weighs_all_accounts(plugins, ())
    plugins.quarantine_guardian(MostOfAll.name, "it was slow")
    assert weighs_all_accounts(plugins, ())


def test_nobody_but_the_kill_switch_judges_everywhere_by_switches_alone() -> None:
    assert [name for name, scopes in MANDATORY.items() if Scope.GLOBAL in scopes] == ["kill_switch"]
    assert weighs_all_accounts(Plugins(), (Plugged(name="unknown"),))


def test_of_other_accounts_nothing_is_read_unless_they_are_weighed_together(many: Bench) -> None:
    settle(many, ACCOUNTS[0])
    many.work(ACCOUNTS[1])
    looked = partial(loading.account_view, account_id=ACCOUNTS[2], now=many.clock.now())
    alone = many.store.read_now(partial(looked, with_others=False))
    together = many.store.read_now(partial(looked, with_others=True))
    assert alone is not None
    assert together is not None
    assert (alone.holdings, alone.others, dict(alone.elsewhere)) == ((), (), {})
    assert [one.account_id for one in together.holdings] == [ACCOUNTS[0]]
    assert [one.account_id for one in together.others] == [ACCOUNTS[1]]
    assert {account for account, _ in together.elsewhere} == set(ACCOUNTS[:2])
