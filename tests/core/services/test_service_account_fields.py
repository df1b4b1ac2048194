"""The fields of an account are checked by its broker's plugin before anything is stored."""

from collections.abc import Callable
from typing import Any

import pytest

from tradewire.plugins import Plugins
from tradewire.services.accounts import NewAccount
from tradewire.services.refusal import Code, Refused
from tradewire.services.services import Services

Run = Callable[..., Any]


def test_a_value_that_the_broker_cannot_use_is_refused_when_the_account_is_added(
    services: Services, run: Run
) -> None:
    mistaken = NewAccount(name="bad", broker="paper", config={"starting_cash": "abc"})
    with pytest.raises(Refused, match=r"starting_cash is not understood") as refused:
        run(services.accounts.add(mistaken, "me"))
    assert refused.value.code is Code.INVALID
    assert run(services.accounts.list()) == ()


def test_every_mistaken_value_is_told_at_once(services: Services, run: Run) -> None:
    mistaken = NewAccount(
        name="bad", broker="paper", config={"starting_cash": "-1", "hours": "never", "seed": "7"}
    )
    with pytest.raises(Refused) as refused:
        run(services.accounts.add(mistaken, "me"))
    assert [("starting_cash" in one, "hours" in one) for one in refused.value.problems] == [
        (True, False),
        (False, True),
    ]


def test_a_plugin_that_fails_at_checking_lets_nothing_pass(
    services: Services, run: Run, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(config: Any, credentials: Any) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(plugins.broker("paper"), "check", broken)
    with pytest.raises(Refused, match="paper could not check the fields: ZeroDivisionError"):
        run(services.accounts.add(NewAccount(name="bad", broker="paper"), "me"))
