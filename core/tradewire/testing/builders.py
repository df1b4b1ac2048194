"""One valid object of each kind that a plugin is shown; what a test is about is given by name over it.

    guard_view(now=late, quote=None)
    signal(symbol="BTCUSD", comment="breakout")

All are of the same small world: the algorithm `breakout` buys 10 AAPL, which stands at 99.99 to 100.01 USD.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from tradewire.contract.authenticator import Attempt, KeyState, KeyStatus
from tradewire.contract.blueprint import StepView
from tradewire.contract.broker import AccountConfig, OrderRequest
from tradewire.contract.capabilities import Capabilities, DedupeClass, Supported
from tradewire.contract.guardian import GuardedOrder, GuardView, NoParams
from tradewire.contract.matcher import SignalFacts
from tradewire.contract.override import Draft
from tradewire.domain.account import AccountMode
from tradewire.domain.algorithm import Algorithm, EntrySignal, Plugged, Validity, ValidityKind
from tradewire.domain.exposure import Exposure
from tradewire.domain.instrument import AssetClass, Instrument, Quote
from tradewire.domain.message import Action, Message
from tradewire.domain.order import OrderType, ParentOrder, ParentState, Purpose, Side, TimeInForce
from tradewire.domain.verdict import Scope
from tradewire.testing.clock import DEFAULT_START

#: The moment of everything here; a `FakeClock` starts at it too.
NOW: datetime = DEFAULT_START
_WHEN = (TimeInForce.DAY, TimeInForce.GTC)


def message(**fields: Any) -> Message:
    """A parsed message that says no more than its id."""
    return msgspec.structs.replace(Message(strategy_id="breakout"), **fields)


def signal(**fields: Any) -> SignalFacts:
    """A stored signal; `fields` are those of its message, or its own."""
    own = {name: fields.pop(name) for name in SignalFacts.__struct_fields__ if name in fields}
    facts = SignalFacts(
        id="0197-signal",
        provider="tradingview",
        connection="main",
        message=message(**fields),
        received_at=NOW,
        accepted_at=NOW,
    )
    return msgspec.structs.replace(facts, **own)


def algorithm(**fields: Any) -> Algorithm:
    """A started algorithm that buys 10 AAPL at market. `signal_id` is short for its entry signal's id."""
    signal_id = fields.pop("signal_id", "breakout")
    made = Algorithm(
        id="algorithm-1",
        name="breakout",
        account_id="account-1",
        signal=EntrySignal(id=signal_id),
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        blueprint=Plugged(name="market"),
        validity=Validity(kind=ValidityKind.GTC),
        created_at=NOW,
        started_at=NOW,
    )
    return msgspec.structs.replace(made, **fields)


def draft(**fields: Any) -> Draft:
    """The order as the default override leaves it."""
    return msgspec.structs.replace(Draft(symbol="AAPL", action=Action.BUY, quantity=Decimal(10)), **fields)


def instrument(symbol: str = "AAPL", **fields: Any) -> Instrument:
    """A stock in USD with a tick of a cent, in lots of 1."""
    made = Instrument(id=symbol, symbol=symbol, asset_class=AssetClass.STOCK, currency="USD")
    return msgspec.structs.replace(made, **fields)


def quote(bid: str = "99.99", ask: str = "100.01", **fields: Any) -> Quote:
    """A price of this moment."""
    made = Quote(instrument_id="AAPL", bid=Decimal(bid), ask=Decimal(ask), last=Decimal(ask), at=NOW)
    return msgspec.structs.replace(made, **fields)


def capabilities(*types: OrderType, **fields: Any) -> Capabilities:
    """Stocks by the order types given, or by market and limit orders; quotes, balances, no short sales."""
    orders = tuple(
        Supported(asset_class=AssetClass.STOCK, order_type=one, times_in_force=_WHEN)
        for one in types or (OrderType.MARKET, OrderType.LIMIT)
    )
    made = Capabilities(orders=orders, dedupe=DedupeClass.A, quotes=True, balances=True)
    return msgspec.structs.replace(made, **fields)


def parent(**fields: Any) -> ParentOrder:
    """An admitted order to buy 100 AAPL."""
    made = ParentOrder(
        id="parent-1",
        signal_id="0197-signal",
        algorithm_id="algorithm-1",
        account_id="account-1",
        purpose=Purpose.ENTRY,
        symbol="AAPL",
        instrument_id="AAPL",
        side=Side.BUY,
        quantity=Decimal(100),
        blueprint="market",
        state=ParentState.WORKING,
        created_at=NOW,
        admitted_at=NOW,
    )
    return msgspec.structs.replace(made, **fields)


def guarded_order(**fields: Any) -> GuardedOrder:
    """An entry of 10 AAPL at market, for a guardian to judge."""
    made = GuardedOrder(
        parent_id="parent-1",
        account_id="account-1",
        purpose=Purpose.ENTRY,
        symbol="AAPL",
        instrument=instrument(),
        side=Side.BUY,
        quantity=Decimal(10),
        order_type=OrderType.MARKET,
    )
    return msgspec.structs.replace(made, **fields)


def guard_view(**fields: Any) -> GuardView:
    """What a guardian sees of an account that holds nothing; everything that may be known is known."""
    made = GuardView(
        now=NOW,
        scope=Scope.ALGORITHM,
        params=NoParams(),
        algorithm=algorithm(),
        message=message(),
        received_at=NOW,
        quote=quote(),
        rate=Decimal(1),
        exposure=Exposure(instrument_id="AAPL", mark=Decimal(100), rate=Decimal(1)),
        equity=Decimal(100_000),
    )
    return msgspec.structs.replace(made, **fields)


def step_view(**fields: Any) -> StepView:
    """What a blueprint sees of an order that was just admitted."""
    made = StepView(
        now=NOW,
        parent=parent(),
        children=(),
        instrument=instrument(),
        capabilities=capabilities(),
        params=NoParams(),
        quote=quote(),
    )
    return msgspec.structs.replace(made, **fields)


def order_request(client_id: str = "0" * 32, **fields: Any) -> OrderRequest:
    """An order to buy 10 AAPL at market, as a session is asked to send it."""
    made = OrderRequest(
        client_id=client_id,
        instrument=instrument(),
        side=Side.BUY,
        quantity=Decimal(10),
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
    )
    return msgspec.structs.replace(made, **fields)


def account(**config: Any) -> AccountConfig:
    """A paper account in USD with these fields of its broker."""
    return AccountConfig(
        id="account-1",
        name="paper",
        mode=AccountMode.PAPER,
        currency="USD",
        config=config,
        credentials={},
    )


def attempt(key: str | None = "the-key", **fields: Any) -> Attempt:
    """A request at the door, from an address of the documentation's network."""
    made = Attempt(provider="tradingview", source="192.0.2.7", key=key, at=NOW)
    return msgspec.structs.replace(made, **fields)


class Keys:
    """A key ring: `Keys({"the-key": "main"})` knows one key, that of the connection `main`."""

    def __init__(self, connections: dict[str, str] | None = None, provider: str = "tradingview") -> None:
        self._connections = connections if connections is not None else {"the-key": "main"}
        self._provider = provider

    def look_up(self, key: str) -> KeyStatus:
        connection = self._connections.get(key)
        if connection is None:
            return KeyStatus(state=KeyState.UNKNOWN)
        return KeyStatus(
            state=KeyState.VALID,
            key_id=f"key of {connection}",
            connection=connection,
            provider=self._provider,
        )
