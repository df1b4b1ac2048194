import json
from collections.abc import Callable
from typing import Any

import pytest

from tradewire import InvalidMessage, Message
from tradewire_messages.tradingview import TradingViewProvider


@pytest.fixture(scope="session")
def provider() -> TradingViewProvider:
    return TradingViewProvider()


@pytest.fixture(scope="session")
def message_with(provider: TradingViewProvider) -> Callable[..., Message]:
    """The message parsed from the given fields and a strategyId."""

    def parse(**fields: Any) -> Message:
        return provider.parse(json.dumps({"strategyId": "my_strategy_1", **fields}).encode(), {}).message

    return parse


@pytest.fixture(scope="session")
def refusal_of(provider: TradingViewProvider) -> Callable[[str | bytes | dict[str, Any]], InvalidMessage]:
    """The refusal of a body, or of an object that gets a strategyId."""

    def refuse(body: str | bytes | dict[str, Any]) -> InvalidMessage:
        if isinstance(body, dict):
            body = json.dumps({"strategyId": "my_strategy_1", **body})
        with pytest.raises(InvalidMessage) as caught:
            provider.parse(body.encode() if isinstance(body, str) else body, {})
        assert caught.value.reason.endswith(".")
        return caught.value

    return refuse
