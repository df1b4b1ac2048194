"""What of a broker's word cannot be used: it is input like any other, whatever its types say. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType

from tradewire.contract.broker import BrokerPosition, Execution, OrderState, RejectKind
from tradewire.domain.instrument import Instrument, Quote
from tradewire.domain.order import ChildState, Side
from tradewire.domain.quantity import is_usable

#: No id or currency is longer; an index holds no text of any length.
LONGEST = 255
#: No execution is older than that.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
#: A broker's clock may be so much ahead of ours.
AHEAD = timedelta(minutes=5)

_SHOWN = 60


def flaw(report: Execution | OrderState) -> str | None:
    """Why it cannot be stored, as the end of a sentence; None where it can."""
    return _flaw_of_execution(report) if isinstance(report, Execution) else _flaw_of_order(report)


def flaw_of_position(held: BrokerPosition) -> str | None:
    """The same of what an account holds, with the instrument's name."""
    name = named(held.instrument_id)
    if not _is_number(held.quantity) or not _is_number(held.multiplier) or held.multiplier <= 0:
        return f"the quantity or multiplier of {name} is unusable"
    if _flaw_of_text("instrument", held.instrument_id or None) or _flaw_of_text("currency", held.currency):
        return f"the instrument or currency of {name} is no text that can be stored"
    return None


def flaw_of_instrument(one: Instrument) -> str | None:
    """The same of what a symbol was resolved to; by a multiplier of zero no order would be worth anything."""
    above_zero = (one.tick, one.lot, one.multiplier)
    if not all(_is_number(number) for number in (*above_zero, one.min_quantity, one.min_notional)):
        return "a step, a minimum or the multiplier is unusable"
    if min(above_zero) <= 0:
        return "a step or the multiplier is not above 0"
    return _flaw_of_text("id", one.id or None) or _flaw_of_text("currency", one.currency)


def flaw_of_quote(quote: Quote) -> str | None:
    """The same of a price."""
    prices = (quote.bid, quote.ask, quote.last)
    is_usable_throughout = all(price is None or _is_number(price) for price in prices)
    return None if is_usable_throughout else "a price is unusable"


def figure(value: Decimal | None) -> Decimal | None:
    """`value` where it is a number that can be reckoned with; else None, as what the broker does not say."""
    return value if _is_number(value) else None


def name_of(report: Execution | OrderState) -> str:
    """A name that can be stored and shown, whatever the broker calls it; others have others."""
    if isinstance(report, Execution):
        return named(report.execution_id)
    return f"order {named(report.broker_order_id or report.client_id)}"


def named(text: object) -> str:
    """`text` itself where it can be stored; else its beginning in plain letters and a digest of the whole."""
    if isinstance(text, str) and _is_storable(text):
        return text
    whole = text if isinstance(text, str) else repr(text)
    digest = hashlib.blake2s(whole.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{whole[:_SHOWN].encode('unicode_escape').decode('ascii')}…{digest}"


def believable(at: datetime, now: datetime) -> bool:
    """Whether an execution can have happened then."""
    return EARLIEST <= at <= now + AHEAD


def _flaw_of_execution(execution: Execution) -> str | None:
    above_zero = (execution.quantity, execution.multiplier)
    if not all(_is_number(one) for one in (*above_zero, execution.price, execution.fee)):
        return "its quantity, price or fee is unusable"
    if min(above_zero) <= 0:
        return "its quantity, price or fee is unusable"
    if not _is(execution.side, Side):
        return "it tells no side"
    if not _is(execution.at, datetime) or execution.at.utcoffset() is None:
        return "its time has no zone"
    return (
        _flaw_of_text("id", execution.execution_id or None)
        or _flaw_of_text("instrument", execution.instrument_id or None)
        or _flaw_of_text("currency", execution.currency)
        or _flaw_of_text("client id", execution.client_id or "")
        or _flaw_of_text("order id", execution.broker_order_id or "")
        or _flaw_of_text("fee's currency", execution.fee_currency or "")
    )


def _flaw_of_order(order: OrderState) -> str | None:
    if not (_is_number(order.quantity) and _is_number(order.filled)) or order.filled < 0:
        return "its quantity is unusable"
    if not _is(order.side, Side) or not _is(order.state, ChildState):
        return "it tells no side or state"
    if not _is(order.reject_kind, RejectKind, NoneType) or not _is(order.message, str, NoneType):
        return "its reason is unusable"
    return (
        _flaw_of_text("order id", order.broker_order_id or "")
        or _flaw_of_text("instrument", order.instrument_id)
        or _flaw_of_text("client id", order.client_id or "")
    )


def _flaw_of_text(name: str, text: object) -> str | None:
    if text is None:
        return f"it has no {name}"
    if not isinstance(text, str) or not _is_storable(text):
        return f"its {name} is no text that can be stored"
    return None


def _is_storable(text: str) -> bool:
    if len(text) > LONGEST or "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text)


def _is(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds)


def _is_number(value: object) -> bool:
    return isinstance(value, Decimal) and is_usable(value)
