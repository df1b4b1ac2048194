"""An account is changed and removed under a running Tradewire: its session is opened anew, or closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.relay import Relay, prepare, running
from tradewire.services.account_changes import AccountChange
from tradewire.services.accounts import AccountView
from tradewire.services.last_balances import BalancesView
from tradewire.store.schema import account_states, leases, parent_orders

#: Who serves an account sees with the next sweep that it was changed.
SOON = {"TRADEWIRE_ENGINE__SWEEP_S": "0.2"}


@pytest.fixture
def swept(tmp_path: Path) -> Iterator[Relay]:
    with running(tmp_path / "data", None, **SOON) as relay:
        prepare(relay)
        relay.add_algorithm("any")
        yield relay


def epoch_of(relay: Relay) -> int:
    [lease] = relay.rows(leases)
    return int(lease.epoch)


def test_an_account_trades_on_its_new_fields_within_some_seconds(swept: Relay) -> None:
    swept.post("any", symbol="AAPL", action="buy", qty=1)
    swept.settled()
    before = epoch_of(swept)
    change = AccountChange(config={"unknown_symbols": "TSLA"})
    swept.do(swept.core.services.accounts.change("paper", change, "me"))
    swept.wait_until(lambda: epoch_of(swept) > before + 1)
    swept.post("any", symbol="TSLA", action="buy", qty=1)
    swept.post("any", symbol="AAPL", action="sell", qty=1)
    swept.settled()
    ends = {(row.symbol, row.side): (row.state, row.reason) for row in swept.rows(parent_orders)}
    assert ends["TSLA", "buy"] == ("rejected", "unknown_symbol")
    assert ends["AAPL", "sell"][0] == "filled"


def test_a_removed_account_is_let_go_and_leaves_no_state(swept: Relay) -> None:
    services = swept.core.services
    swept.do(services.algorithms.stop("any", "me"))
    swept.do(services.algorithms.remove("any", "me"))
    engine = swept.core.engine
    assert engine is not None
    swept.wait_until(lambda: len(engine.claims.held()) == 1)
    swept.do(services.accounts.remove("paper", "me"))
    swept.wait_until(lambda: engine.claims.held() == () and not engine.claims.leaving())
    assert swept.rows(account_states) == []
    assert swept.rows(leases) == []


def test_an_account_is_shown_with_what_its_broker_says_it_is_worth(swept: Relay) -> None:
    def seen() -> BalancesView | None:
        shown: AccountView = swept.do(swept.core.services.accounts.show("paper"))
        return shown.balances

    swept.wait_until(lambda: seen() is not None)
    told = seen()
    assert told is not None
    assert (told.equity, told.cash) == ("100000000", "100000000")
