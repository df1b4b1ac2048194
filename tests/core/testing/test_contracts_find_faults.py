"""A plugin that breaks its contract fails the tests it inherits."""

from decimal import Decimal
from typing import Any

import pytest

from tradewire import (
    Blueprint,
    Caller,
    ChildState,
    Finish,
    Guardian,
    OrderType,
    ParentState,
    Place,
    Scope,
    Step,
    allow,
)
from tradewire.plugins import Plugins
from tradewire.testing import builders, load
from tradewire.testing.contracts import AuthenticatorContract, BlueprintContract, GuardianContract


class Careless(Guardian):
    """Fails without a quote."""

    name = "careless"
    scopes = frozenset({Scope.ALGORITHM})

    def guard(self, order: Any, view: Any) -> Any:
        return allow("spread", f"The spread is {view.quote.ask - view.quote.bid}.")


class Greedy(Blueprint):
    """Places the whole order again whenever it is asked."""

    name = "greedy"

    def step(self, view: Any) -> Step:
        slice_ = len(view.children)
        return Step(
            actions=(Place(quantity=view.parent.quantity, order_type=OrderType.MARKET, slice=slice_),)
        )


class Asleep(Blueprint):
    """Does nothing, and waits for nothing."""

    name = "asleep"

    def step(self, view: Any) -> Step:
        return Step()


class Boastful(Blueprint):
    """Says that it is filled when nothing is."""

    name = "boastful"

    def step(self, view: Any) -> Step:
        return Step(actions=(Finish(state=ParentState.FILLED, reason="done"),))


class Trusting:
    name = "trusting"

    def authenticate(self, attempt: Any, keys: Any) -> Caller:
        return Caller(connection="main", key_id="1")


def test_a_guardian_that_fails_without_a_quote_is_found() -> None:
    suite = GuardianContract()
    suite.guardian = Careless()  # type: ignore[misc]
    with pytest.raises(AttributeError, match="ask"):
        suite.test_it_answers_whatever_is_missing()


@pytest.mark.parametrize(
    ("blueprint", "said"),
    [
        (Greedy(), "more is filled and open than was ordered"),
        (Asleep(), "nothing is open, nothing is waited for"),
        (Boastful(), "0 filled, and filled"),
    ],
)
def test_a_blueprint_that_breaks_conservation_or_stands_still_is_found(
    blueprint: Blueprint, said: str
) -> None:
    suite = BlueprintContract()
    suite.blueprint = blueprint  # type: ignore[misc]
    with pytest.raises(AssertionError, match=said):
        suite.test_fills_in_pieces_come_to_the_same()


def test_an_authenticator_that_lets_anybody_in_is_found() -> None:
    suite = AuthenticatorContract()
    suite.authenticator = Trusting()  # type: ignore[misc, assignment]
    with pytest.raises(AssertionError):
        suite.test_nobody_is_let_in_without_a_key_that_is_known()


def test_a_plugin_that_would_be_put_aside_says_why_when_it_is_loaded() -> None:
    with pytest.raises(AssertionError, match="ModuleNotFoundError: No module named 'no_such_module'"):
        load("no_such_module")
    assert isinstance(load("tradewire_market"), Plugins)


def test_a_worked_order_keeps_account_of_its_fills() -> None:
    suite = BlueprintContract()
    suite.blueprint = Plugins.discover().blueprint("market")  # type: ignore[misc]
    order = suite.worked(quantity=Decimal(7))
    order.step()
    order.fill(0, Decimal(3))
    assert (order.filled(), order.working()) == (3, 4)
    order.end(0, ChildState.CANCELLED)
    assert (order.parent.filled, order.working()) == (3, 0)
    assert builders.parent().filled == 0
