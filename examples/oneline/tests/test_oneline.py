from decimal import Decimal

import pytest

from tradewire import Action, InvalidMessage, Message
from tradewire.testing import load
from tradewire.testing.contracts import ProviderContract
from tradewire_oneline import OneLine


class TestContract(ProviderContract):
    provider = OneLine()
    example = b"the-key breakout buy 10 AAPL\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("k s", Message(strategy_id="s")),
        ("k s EXIT", Message(strategy_id="s", action=Action.EXIT)),
        ("k s 0.5", Message(strategy_id="s", quantity=Decimal("0.5"))),
        ("k s sell 3", Message(strategy_id="s", action=Action.SELL, quantity=Decimal(3))),
        ("k s MSFT", Message(strategy_id="s", symbol="MSFT")),
        ("k s buy 1INCHUSD", Message(strategy_id="s", action=Action.BUY, symbol="1INCHUSD")),
    ],
)
def test_what_is_left_out_stays_open(line: str, message: Message) -> None:
    parsed = OneLine().parse(line.encode(), {})
    assert (parsed.key, parsed.message) == ("k", message)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("k", "strategy"),
        ("k s buy 0", "quantity"),
        ("k s buy -3 AAPL", "quantity"),
        ("k s buy 3 AAPL now", "symbol"),
        ("k s\nk t", None),
        ("k s 3 \u00e4", None),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(line: str, field: str | None) -> None:
    with pytest.raises(InvalidMessage) as refused:
        OneLine().parse(line.encode(), {})
    assert refused.value.field == field


def test_it_is_found_by_its_name() -> None:
    assert list(load("tradewire_oneline").providers) == ["oneline"]
