from decimal import Decimal

from tradewire import Decision
from tradewire.testing import builders, load
from tradewire.testing.contracts import GuardianContract
from tradewire_my_plugin import MyGuardian, MyParams


class TestContract(GuardianContract):
    guardian = MyGuardian()
    params = {"most": "5"}


def test_more_than_the_most_is_blocked() -> None:
    view = builders.guard_view(params=MyParams(most=Decimal(5)))
    order = builders.guarded_order(quantity=Decimal(6))
    assert MyGuardian().guard(order, view).decision is Decision.BLOCK


def test_tradewire_finds_it() -> None:
    assert list(load("tradewire_my_plugin").guardians) == ["my_plugin"]
