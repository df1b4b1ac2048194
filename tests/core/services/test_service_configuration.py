"""Accounts, algorithms and switches."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.services.conftest import ALGORITHM, Rings
from tradewire.contract.broker import AccountConfig, Broker, ConfigField, Env, Manifest, Session
from tradewire.contract.capabilities import Capabilities, DedupeClass
from tradewire.contract.errors import Unhonoured
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.ledger import EntryKind
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.read import tail
from tradewire.plugins import Plugins
from tradewire.services.accounts import NewAccount
from tradewire.services.refusal import Refused
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import accounts, versions
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


class Vault(Broker):
    name = "vault"
    manifest = Manifest(
        title="Vault",
        fields=(
            ConfigField(name="host", description="where it is"),
            ConfigField(name="api_secret", description="the secret", secret=True, required=True),
        ),
    )

    async def open(self, account: AccountConfig, env: Env) -> Session:
        raise Unhonoured("not in this test")


@pytest.fixture
def vault(plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins.brokers, "vault", Vault())


def version(store: Store, account_id: str) -> int:
    query = select(versions.c.version).where(versions.c.scope_id == account_id)
    return int(store.read_now(lambda conn: conn.execute(query).scalar()) or 0)


def test_a_new_account_is_paper(services: Services, run: Run) -> None:
    made = run(services.accounts.add(NewAccount(name="main", broker="paper"), "test"))
    assert made.mode is AccountMode.PAPER
    assert made.currency == "USD"


def test_an_unknown_field_is_named_with_the_nearest(services: Services, run: Run) -> None:
    new = NewAccount(name="main", broker="paper", config={"starting_csh": "5"})
    with pytest.raises(Refused, match=r'no field "starting_csh"\. Did you mean "starting_cash"'):
        run(services.accounts.add(new, "test"))


@pytest.mark.usefixtures("vault")
def test_a_missing_field_is_named(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match='needs the field "api_secret": the secret'):
        run(services.accounts.add(NewAccount(name="main", broker="vault"), "test"))


@pytest.mark.usefixtures("vault")
def test_a_secret_is_sealed_and_never_shown(services: Services, run: Run, store: Store) -> None:
    new = NewAccount(name="main", broker="vault", config={"host": "here", "api_secret": "canary-7d1"})
    made = run(services.accounts.add(new, "test"))
    assert made.config == {"host": "here"}
    assert made.credentials == ("api_secret",)
    row = store.read_now(lambda conn: conn.execute(select(accounts)).one())
    assert "canary-7d1" not in repr(row) + repr(store.read_now(tail))


def test_two_accounts_cannot_share_a_name(services: Services, run: Run, paper: str) -> None:
    with pytest.raises(Refused, match="already"):
        run(services.accounts.add(NewAccount(name="paper", broker="paper"), "test"))


def test_an_account_keeps_the_limits_it_was_given(services: Services, run: Run) -> None:
    limits = {"max_position": {"quantity": "500"}}
    made = run(services.accounts.add(NewAccount(name="main", broker="paper", guardians=limits), "test"))
    assert made.guardians == ("max_position",)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"max_postion": {"quantity": "5"}}, 'Did you mean "max_position"'),
        ({"max_position": {"quantiti": "5"}}, 'no parameter "quantiti"'),
        ({"max_position": {"quantity": "-5"}}, "does not take its parameters"),
        ({"stale_signal": {}}, "is configured for the scope algorithm, not account"),
    ],
)
def test_limits_that_an_account_cannot_have_are_named(
    services: Services, run: Run, limits: dict[str, dict[str, str]], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        run(services.accounts.add(NewAccount(name="main", broker="paper", guardians=limits), "test"))


def test_a_new_algorithm_is_stopped(services: Services, run: Run, paper: str) -> None:
    made = run(services.algorithms.add(ALGORITHM, "test")).algorithm
    assert made.state is AlgorithmState.STOPPED
    assert made.account == "paper"


def test_an_algorithm_for_an_unknown_account_is_refused(services: Services, run: Run, paper: str) -> None:
    with pytest.raises(Refused, match=r'no account "papr"\. Did you mean "paper"'):
        run(services.algorithms.add(ALGORITHM.replace('"paper"', '"papr"'), "test"))


def test_the_answer_about_shorts_stands_in_for_the_file(services: Services, run: Run, paper: str) -> None:
    text = ALGORITHM.replace("[validity]", "[dynamic]\naction = true\n[validity]")
    made = run(services.algorithms.add(text, "test", allow_shorts=True)).algorithm
    assert made.allow_shorts


def test_what_the_account_cannot_supply_is_named(make: Callable[..., Services], run: Run, paper: str) -> None:
    blind = Capabilities(orders=(), dedupe=DedupeClass.A)
    services = make(capabilities=lambda account_id: blind)
    saved = run(services.algorithms.add(ALGORITHM, "test"))
    assert saved.warnings == (
        'The guardian max_order_notional needs quotes, which the account "paper" does not supply: it would '
        "block every entry.",
        'The blueprint market needs quotes, which the account "paper" does not supply: what it cannot price '
        "is not sent.",
    )


def test_every_change_bumps_the_accounts_version_rings_and_is_in_the_ledger(
    services: Services, run: Run, store: Store, bells: Rings, paper: str, breakout: str
) -> None:
    before = version(store, paper)
    bells.rung.clear()
    run(services.algorithms.start("breakout", "test"))
    run(services.algorithms.stop("breakout", "test"))
    assert version(store, paper) == before + 2
    assert bells.rung == [paper, paper]
    entries = store.read_now(tail)
    assert [entry.kind for entry in entries[:2]] == [EntryKind.ALGORITHM_STOPPED, EntryKind.ALGORITHM_STARTED]
    assert {entry.algorithm_id for entry in entries[:2]} == {breakout}


def test_an_algorithm_cannot_be_started_twice(services: Services, run: Run, breakout: str) -> None:
    run(services.algorithms.start(breakout, "test"))
    with pytest.raises(Refused, match="started already"):
        run(services.algorithms.start("breakout", "test"))


def test_a_day_by_a_calendar_of_its_own_ends_at_its_midnight(
    services: Services, run: Run, paper: str
) -> None:
    text = ALGORITHM.replace('"gtc"', '"day"\ncalendar = "24/7"\ntimezone = "America/New_York"')
    run(services.algorithms.add(text, "test"))
    started = run(services.algorithms.start("breakout", "test"))
    assert str(started.valid_until) == "2026-03-03 05:00:00+00:00"


def test_after_its_day_an_algorithm_can_be_started_for_another(
    services: Services, run: Run, paper: str, clock: FakeClock
) -> None:
    run(services.algorithms.add(ALGORITHM.replace('"gtc"', '"day"\ncalendar = "24/7"'), "test"))
    first = run(services.algorithms.start("breakout", "test"))
    clock.advance(86_400)
    second = run(services.algorithms.start("breakout", "test"))
    assert second.valid_until == first.valid_until + timedelta(days=1)


def test_an_algorithm_whose_window_is_over_does_not_start(services: Services, run: Run, paper: str) -> None:
    run(services.algorithms.add(ALGORITHM.replace('"gtc"', '"window"\nend = 2026-01-01T00:00:00Z'), "test"))
    with pytest.raises(Refused, match="ended at 2026-01-01"):
        run(services.algorithms.start("breakout", "test"))


def test_an_algorithm_whose_guardian_is_gone_does_not_start(
    services: Services, run: Run, plugins: Plugins, breakout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(plugins.guardians, "max_position")
    with pytest.raises(Unhonoured, match="max_position"):
        run(services.algorithms.start("breakout", "test"))


def test_the_chain_names_every_stage_in_order(services: Services, run: Run, breakout: str) -> None:
    chain = run(services.algorithms.show("breakout")).chain
    stages = list(dict.fromkeys(link.stage for link in chain))
    assert stages == ["parse", "authenticate", "match", "override", "guard", "blueprint", "broker"]
    guards = [link.plugin for link in chain if link.stage == "guard"]
    assert guards[0] == "kill_switch (global)"
    assert "max_position (algorithm)" in guards
    assert all(link.problem is None for link in chain)


def test_a_switch_needs_a_reason(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match="--reason"):
        run(services.switches.halt(Scope.GLOBAL, "", " ", "test"))


def test_halting_and_resuming_raise_the_epoch(services: Services, run: Run, paper: str) -> None:
    halted = run(services.switches.halt(Scope.ACCOUNT, "paper", "news", "test"))
    assert (halted.state, halted.epoch, halted.name) == (SwitchState.HALTED, 1, "paper")
    resumed = run(services.switches.resume(Scope.ACCOUNT, "paper", "over", "test"))
    assert (resumed.state, resumed.epoch, resumed.reason) == (SwitchState.ACTIVE, 2, "over")


def test_a_global_halt_concerns_every_account(
    services: Services, run: Run, store: Store, bells: Rings, paper: str
) -> None:
    before = version(store, paper)
    bells.rung.clear()
    run(services.switches.halt(Scope.GLOBAL, "", "news", "test", reducing=True))
    assert bells.rung == [paper]
    assert version(store, paper) == before + 1


def test_halting_twice_is_refused(services: Services, run: Run) -> None:
    run(services.switches.halt(Scope.GLOBAL, "", "news", "test"))
    with pytest.raises(Refused, match="halted already"):
        run(services.switches.halt(Scope.GLOBAL, "", "news", "test"))


def test_releasing_what_is_not_set_says_where_to_look(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match=r"nothing to release.*tradewire status"):
        run(services.switches.resume(Scope.GLOBAL, "", "over", "test"))


def test_every_scope_has_a_stored_switch(services: Services, run: Run, breakout: str) -> None:
    stored = run(services.switches.list())
    assert [(one.scope, one.name) for one in stored] == [
        (Scope.GLOBAL, ""),
        (Scope.ACCOUNT, "paper"),
        (Scope.ALGORITHM, "breakout"),
    ]
