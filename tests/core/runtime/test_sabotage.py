"""The fault on purpose does nothing unless it is asked for."""

from typing import cast

import pytest

from tradewire.runtime.sabotage import DROP, VARIABLE, sabotaged
from tradewire.settings import PREFIX
from tradewire.store.database import Store
from tradewire.testing.clock import FakeClock

#: Nothing is asked of it before a signal is accepted.
STORE = cast("Store", None)


def ring() -> None:
    return


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}, {VARIABLE: "yes"}, {"TRADEWIRE_SABOTAGE": DROP}])
def test_without_its_word_nothing_is_put_in_between(environment: dict[str, str]) -> None:
    assert sabotaged(ring, STORE, FakeClock(), environment) is ring


def test_its_word_puts_something_in_between() -> None:
    assert sabotaged(ring, STORE, FakeClock(), {VARIABLE: DROP}) is not ring


def test_no_setting_can_be_mistaken_for_it() -> None:
    assert not VARIABLE.startswith(PREFIX)
