"""An order and a view to judge it in, with whatever differs given by name."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tradewire import (
    Algorithm,
    AssetClass,
    EntrySignal,
    Exposure,
    GuardedOrder,
    GuardView,
    Instrument,
    Message,
    NoParams,
    OrderType,
    Plugged,
    Purpose,
    Quote,
    Scope,
    Side,
    Validity,
    ValidityKind,
)

NOW = datetime(2026, 3, 2, 15, 0, 30, tzinfo=UTC)
AAPL = Instrument(id="AAPL", symbol="NASDAQ:AAPL", asset_class=AssetClass.STOCK, currency="USD")
ALGORITHM = Algorithm(
    id="alg",
    name="breakout",
    account_id="acc",
    signal=EntrySignal(id="s"),
    symbol="AAPL",
    side=Side.BUY,
    quantity=Decimal(10),
    blueprint=Plugged(name="market"),
    validity=Validity(kind=ValidityKind.GTC),
    created_at=NOW,
    started_at=NOW,
)


@pytest.fixture(scope="session")
def order() -> Callable[..., GuardedOrder]:
    def make(**changes: Any) -> GuardedOrder:
        base = GuardedOrder(
            parent_id="p",
            account_id="acc",
            purpose=Purpose.ENTRY,
            symbol="AAPL",
            instrument=AAPL,
            side=Side.BUY,
            quantity=Decimal(10),
            order_type=OrderType.MARKET,
        )
        return msgspec.structs.replace(base, **changes)

    return make


@pytest.fixture(scope="session")
def view() -> Callable[..., GuardView]:
    """`algorithm` and `message` may be given as a dict of what differs."""

    def make(**changes: Any) -> GuardView:
        algorithm = msgspec.structs.replace(ALGORITHM, **changes.pop("algorithm", {}))
        message = Message(strategy_id="s", **changes.pop("message", {}))
        base = GuardView(
            now=NOW,
            scope=Scope.ALGORITHM,
            params=NoParams(),
            algorithm=algorithm,
            message=message,
            received_at=NOW,
            quote=Quote(instrument_id="AAPL", bid=Decimal(99), ask=Decimal(101), last=Decimal(100), at=NOW),
            exposure=Exposure(instrument_id="AAPL", mark=Decimal(100), rate=Decimal(1)),
        )
        return msgspec.structs.replace(base, **changes)

    return make
