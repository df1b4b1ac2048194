"""Accounts are changed and removed: what is refused, what the ledger tells, what stays to be seen."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from core.services.conftest import ALGORITHM
from core.services.history import hold, live_through
from tradewire.brokerage import leases as leasing
from tradewire.contract.broker import ConfigField
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.read import tail
from tradewire.plugins import Plugins
from tradewire.security.sealing import Secrets
from tradewire.services.account_changes import AccountChange
from tradewire.services.accounts import NewAccount
from tradewire.services.refusal import Code, Refused
from tradewire.services.services import Services
from tradewire.store.database import Store
from tradewire.store.schema import account_states, accounts, child_orders, leases, parent_orders, switches
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


@pytest.fixture
def secretive(plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper broker with a secret field beside its own."""
    broker = plugins.broker("paper")
    fields = (*broker.manifest.fields, ConfigField(name="api_key", description="a key", secret=True))
    manifest = type(broker.manifest)(title="Paper trading", fields=fields, modes=broker.manifest.modes)
    monkeypatch.setattr(broker, "manifest", manifest)


def served(store: Store, account_id: str, clock: FakeClock) -> leasing.Lease:
    lease = store.write_now(lambda conn: leasing.take(conn, account_id, "worker", clock.now(), 30))
    assert lease is not None
    return lease


@pytest.mark.usefixtures("paper")
def test_a_field_is_changed_and_the_others_stay(services: Services, run: Run) -> None:
    run(services.accounts.change("paper", AccountChange(config={"seed": "7", "hours": "exchange"}), "me"))
    changed = run(services.accounts.change("paper", AccountChange(config={"hours": None}), "me"))
    assert changed.config == run(services.accounts.show("paper")).config == {"seed": "7"}


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (AccountChange(), "Say what is to be changed"),
        (AccountChange(config={"seed": "many"}), "seed is not understood"),
        (AccountChange(config={"sede": "1"}), 'no field "sede". Did you mean "seed"'),
        (AccountChange(config={"seed": None}), 'no field "seed" to take away'),
        (AccountChange(guardians={"max_position": None}), 'no guardian "max_position" to take away'),
        (AccountChange(guardians={"max_position": {"quantity": "few"}}), "does not take its parameters"),
    ],
)
def test_a_mistaken_change_is_refused_and_changes_nothing(
    services: Services, run: Run, change: AccountChange, told: str
) -> None:
    before = run(services.accounts.show("paper"))
    with pytest.raises(Refused, match=told):
        run(services.accounts.change("paper", change, "me"))
    assert run(services.accounts.show("paper")) == before


def test_who_serves_the_account_begins_anew_with_other_fields_and_only_then(
    services: Services, run: Run, store: Store, paper: str, clock: FakeClock
) -> None:
    lease = served(store, paper, clock)
    run(services.accounts.change("paper", AccountChange(quantity_multiplier="2"), "me"))
    limits = AccountChange(guardians={"max_position": {"quantity": "5"}})
    run(services.accounts.change("paper", limits, "me"))
    assert store.write_now(lambda conn: leasing.is_held(conn, paper, lease))
    run(services.accounts.change("paper", AccountChange(config={"seed": "7"}), "me"))
    assert not store.write_now(lambda conn: leasing.is_held(conn, paper, lease))
    assert served(store, paper, clock).epoch > lease.epoch


@pytest.mark.usefixtures("paper")
def test_guardians_are_changed_by_the_parameter_and_taken_away(
    services: Services, run: Run, store: Store
) -> None:
    first = AccountChange(
        guardians={"max_position": {"quantity": "5"}, "max_order_notional": {"notional": "9"}}
    )
    run(services.accounts.change("paper", first, "me"))
    second = AccountChange(guardians={"max_position": {"quantity": "6"}, "max_order_notional": None})
    assert run(services.accounts.change("paper", second, "me")).guardians == ("max_position",)
    stored = store.read_now(lambda conn: conn.execute(select(accounts.c.document)).scalar_one())
    assert stored.guardians[0].params == {"quantity": "6"}


@pytest.mark.usefixtures("secretive", "paper")
def test_a_new_secret_is_sealed_and_the_ledger_has_its_name_alone(
    services: Services, run: Run, store: Store, secrets: Secrets
) -> None:
    change = AccountChange(config={"api_key": "new-and-secret", "seed": "7"})
    view = run(services.accounts.change("paper", change, "me"))
    assert (view.credentials, view.config) == (("api_key",), {"seed": "7"})
    sealed = store.read_now(lambda conn: conn.execute(select(accounts.c.credentials)).scalar_one())
    assert b"new-and-secret" not in sealed
    assert b"new-and-secret" in secrets.unseal(sealed)
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.ACCOUNT_CHANGED]))
    assert entry.by == "me"
    assert entry.data == {"fields": {"seed": "7"}, "credentials": ["api_key"], "guardians": {}}
    assert "new-and-secret" not in repr(change)


def test_fields_are_not_changed_while_an_order_may_or_may_not_be_at_the_broker(
    services: Services, run: Run, store: Store, paper: str, breakout: str, clock: FakeClock
) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))
    lease = served(store, paper, clock)
    with pytest.raises(Refused, match=r"not known yet .* c3c3c3c3"):
        run(services.accounts.change("paper", AccountChange(config={"seed": "7"}), "me"))
    assert store.write_now(lambda conn: leasing.is_held(conn, paper, lease))
    run(services.accounts.change("paper", AccountChange(quantity_multiplier="2"), "me"))


def test_an_account_in_use_is_not_removed_and_every_reason_is_told(
    services: Services, run: Run, store: Store, paper: str, breakout: str, clock: FakeClock
) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))
    with pytest.raises(Refused) as refused:
        run(services.accounts.remove("paper", "me"))
    assert refused.value.code is Code.CONFLICT
    live, held, used = refused.value.problems
    assert ("a3a3a3a3" in live, "AAPL" in held, "breakout" in used) == (True, True, True)
    assert [one.name for one in run(services.accounts.list())] == ["paper"]


def test_a_removed_account_leaves_no_credentials_and_its_name_in_what_happened(
    services: Services, run: Run, store: Store, paper: str, breakout: str, clock: FakeClock
) -> None:
    now = clock.now()

    def past(conn: Any) -> None:
        live_through(conn, paper, breakout, now)
        conn.execute(update(parent_orders).values(state="filled", ended_at=now))
        conn.execute(update(child_orders).values(state="filled", ended_at=now))
        conn.execute(insert(account_states).values(account_id=paper, key="book", sealed=b"x"))

    store.write_now(past)
    served(store, paper, clock)
    from tradewire.store.schema import positions

    store.write_now(lambda conn: conn.execute(delete(positions)))
    store.write_now(lambda conn: hold(conn, paper, breakout, "AAPL", "0", "0", at=now, realised="12"))
    run(services.algorithms.remove("breakout", "me"))
    assert run(services.accounts.remove("paper", "me")).name == "paper"

    assert run(services.accounts.list()) == ()
    for table in (accounts, account_states, leases):
        assert store.read_now(lambda conn, t=table: conn.execute(select(t)).all()) == []
    assert store.read_now(lambda conn: conn.execute(select(switches.c.scope)).scalars().all()) == ["global"]
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.ACCOUNT_REMOVED]))
    assert (entry.by, entry.account_id, entry.data) == ("me", paper, {"name": "paper", "broker": "paper"})
    shown = run(services.orders.list(account="paper")).items
    assert {(one.account, one.algorithm) for one in shown} == {("paper", "breakout")}
    assert run(services.signals.list(algorithm="breakout")).items[0].runs[0].algorithm == "breakout"
    assert run(services.fills.list(account="paper")).items


@pytest.mark.usefixtures("paper")
def test_a_name_may_be_given_again_and_then_means_the_new_one(services: Services, run: Run) -> None:
    run(services.accounts.remove("paper", "me"))
    again = run(services.accounts.add(NewAccount(name="paper", broker="paper"), "me"))
    assert run(services.accounts.show("paper")).id == again.id
    run(services.algorithms.add(ALGORITHM, "me"))
    assert run(services.orders.list(account="paper")).items == ()
