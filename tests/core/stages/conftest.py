from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tradewire import Algorithm, EntrySignal, Message, Plugged, Side, SignalFacts, Validity, ValidityKind
from tradewire.domain.algorithm import AlgorithmState

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def noon() -> datetime:
    return NOON


@pytest.fixture(scope="session")
def algorithm_with() -> Callable[..., Algorithm]:
    """A started algorithm that buys 10 AAPL on `my_strategy_1`, with the given fields changed."""

    def make(entry: str = "my_strategy_1", provider: str = "tradingview", **fields: Any) -> Algorithm:
        values: dict[str, Any] = {
            "id": "a1",
            "name": "first",
            "account_id": "paper",
            "signal": EntrySignal(provider=provider, id=entry),
            "symbol": "AAPL",
            "side": Side.BUY,
            "quantity": Decimal(10),
            "blueprint": Plugged(name="market"),
            "validity": Validity(kind=ValidityKind.GTC),
            "state": AlgorithmState.STARTED,
            "created_at": NOON,
        }
        return Algorithm(**(values | fields))

    return make


@pytest.fixture(scope="session")
def signal_with() -> Callable[..., SignalFacts]:
    """A signal for `my_strategy_1` whose message has the given fields."""

    def make(provider: str = "tradingview", **fields: Any) -> SignalFacts:
        return SignalFacts(
            id="s1",
            provider=provider,
            connection="main",
            message=Message(**({"strategy_id": "my_strategy_1"} | fields)),
            received_at=NOON,
            accepted_at=NOON,
        )

    return make
