"""The account's multiplier: who may set it to what, who hears of it, where it is shown."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core.services.conftest import Rings
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.read import tail
from tradewire.services.account_changes import AccountChange
from tradewire.services.accounts import NewAccount
from tradewire.services.refusal import Code, Refused
from tradewire.services.services import Services
from tradewire.store.database import Store

Run = Callable[..., Any]
NO_MULTIPLIERS = ["0", "-1", "-0.5", "half", "", "1e9", "1000.01", "NaN", "Infinity", "1e99999"]


def test_an_account_is_scaled_from_now_on_and_says_so(services: Services, run: Run, paper: str) -> None:
    assert run(services.accounts.show("paper")).quantity_multiplier == "1"
    assert (
        run(
            services.accounts.change("paper", AccountChange(quantity_multiplier="0.50"), "me")
        ).quantity_multiplier
        == "0.5"
    )
    assert run(services.accounts.show("paper")).quantity_multiplier == "0.5"
    assert run(services.accounts.show(paper)).name == "paper"
    assert [one.quantity_multiplier for one in run(services.accounts.list())] == ["0.5"]


@pytest.mark.usefixtures("paper")
def test_the_ledger_tells_who_changed_it_from_what_to_what(
    services: Services, run: Run, store: Store
) -> None:
    run(services.accounts.change("paper", AccountChange(quantity_multiplier="2"), "me"))
    [entry] = store.read_now(lambda conn: tail(conn, kinds=[EntryKind.ACCOUNT_CHANGED]))
    assert (entry.by, entry.data) == ("me", {"from": "1", "to": "2"})


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize("text", NO_MULTIPLIERS)
def test_what_is_no_multiplier_is_refused_in_a_sentence_and_changes_nothing(
    services: Services, run: Run, bells: Rings, text: str
) -> None:
    with pytest.raises(Refused, match=r"^quantity_multiplier is .*\.$") as refused:
        run(services.accounts.change("paper", AccountChange(quantity_multiplier=text), "me"))
    assert refused.value.code is Code.INVALID
    with pytest.raises(Refused, match=r"^quantity_multiplier is "):
        run(services.accounts.add(NewAccount(name="new", broker="paper", quantity_multiplier=text), "me"))
    assert [(one.name, one.quantity_multiplier) for one in run(services.accounts.list())] == [("paper", "1")]


@pytest.mark.usefixtures("paper")
@pytest.mark.parametrize("text", ["0.001", "1000", "1e3"])
def test_the_smallest_and_the_largest_are_taken(services: Services, run: Run, text: str) -> None:
    changed = run(services.accounts.change("paper", AccountChange(quantity_multiplier=text), "me"))
    assert Decimal(changed.quantity_multiplier) == Decimal(text)


def test_an_account_that_is_not_there_is_refused(services: Services, run: Run) -> None:
    with pytest.raises(Refused):
        run(services.accounts.change("none", AccountChange(quantity_multiplier="2"), "me"))
    with pytest.raises(Refused):
        run(services.accounts.show("none"))
