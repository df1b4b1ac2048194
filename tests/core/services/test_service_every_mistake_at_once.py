"""Whatever is wrong with an algorithm's file is told at once, what it names beside it included."""

from collections.abc import Callable
from typing import Any

import pytest

from core.services.conftest import ALGORITHM
from tradewire.contract.errors import Unhonoured
from tradewire.domain.session import SessionCalendar
from tradewire.services.refusal import Code, Refused
from tradewire.services.services import Services

Run = Callable[..., Any]

MISTAKEN = """
name = "bad/one"
account = "nope"
symbol = "AAPL"
side = "bye"
quantity = 0
blueprint = "market"
[signal]
id = "x"
[validity]
kind = "day"
calendar = "XNYX"
[guardians.max_position]
quantiy = 1
quantity = "few"
notional = "much"
[guardians.max_order_notional]
notional = 5000
"""
TOLD = (
    "side is one of",
    "quantity is a number above 0",
    'has no parameter "quantiy"',
    "max_position does not take its parameters: Invalid decimal string (quantity)",
    "max_position does not take its parameters: Invalid decimal string (notional)",
    "The name of an algorithm has no slash",
    'There is no account "nope"',
    "There is no exchange calendar",
)


class OneCalendar:
    """A shelf that knows all but one."""

    async def get(self, name: str) -> SessionCalendar:
        if name == "XNYX":
            raise Unhonoured("There is no exchange calendar named 'XNYX'.")
        return SessionCalendar(name=name)


@pytest.fixture(autouse=True)
def one_calendar(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.algorithms, "_calendars", OneCalendar())


@pytest.mark.usefixtures("paper")
def test_mistakes_of_every_kind_are_told_at_once(services: Services, run: Run) -> None:
    with pytest.raises(Refused) as refused:
        run(services.algorithms.add(MISTAKEN, "me"))
    assert refused.value.code is Code.INVALID
    assert len(refused.value.problems) == len(TOLD)
    assert [told in problem for told, problem in zip(TOLD, refused.value.problems, strict=True)] == [True] * 8


@pytest.mark.usefixtures("breakout")
def test_a_taken_name_is_told_beside_the_other_mistakes(services: Services, run: Run) -> None:
    with pytest.raises(Refused) as refused:
        run(services.algorithms.add(ALGORITHM.replace('"paper"', '"papr"'), "me"))
    account, name = refused.value.problems
    assert ('Did you mean "paper"?' in account, '"breakout" already' in name) == (True, True)


@pytest.mark.usefixtures("breakout")
def test_a_single_mistake_keeps_its_own_code(services: Services, run: Run) -> None:
    with pytest.raises(Refused) as refused:
        run(services.algorithms.add(ALGORITHM, "me"))
    assert (refused.value.code, refused.value.problems) == (Code.CONFLICT, ())


@pytest.mark.usefixtures("breakout")
def test_a_file_that_replaces_is_told_of_at_once_too_and_may_keep_its_name(
    services: Services, run: Run
) -> None:
    bad = ALGORITHM.replace('account = "paper"', 'account = "nope"').replace("quantity = 10\n", "")
    with pytest.raises(Refused) as refused:
        run(services.algorithms.update(bad, "me"))
    assert len(refused.value.problems) == 2
    run(services.algorithms.update(ALGORITHM, "me"))
