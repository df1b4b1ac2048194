"""Refusals as sentences, each with its kind of the taxonomy."""

from datetime import datetime
from decimal import Decimal

from tradewire import Instrument, OrderType, Rejected, RejectKind, TimeInForce, canonical, iso


def unknown_symbol(name: str) -> Rejected:
    return Rejected(kind=RejectKind.UNKNOWN_SYMBOL, message=f"The paper venue does not know {name}.")


def duplicate(client_id: str) -> Rejected:
    return Rejected(kind=RejectKind.DUPLICATE, message=f"An order with client id {client_id} exists already.")


def unsupported(what: OrderType | TimeInForce) -> Rejected:
    return Rejected(kind=RejectKind.OTHER, message=f'The paper venue does not take "{what}" orders.')


def no_limit_price() -> Rejected:
    return Rejected(
        kind=RejectKind.PRICE_REJECTED, message="A limit order needs a limit price greater than 0."
    )


def off_tick(price: Decimal, instrument: Instrument) -> Rejected:
    message = f"{canonical(price)} is not a multiple of {instrument.id}'s tick {canonical(instrument.tick)}."
    return Rejected(kind=RejectKind.PRICE_REJECTED, message=message)


def off_lot(quantity: Decimal, instrument: Instrument) -> Rejected:
    lot = canonical(instrument.lot)
    message = f"{quantity} is not a positive multiple of {instrument.id}'s lot {lot}."
    return Rejected(kind=RejectKind.SIZE_REJECTED, message=message)


def market_closed(instrument: Instrument, opens: datetime | None) -> Rejected:
    when = f"; it opens at {iso(opens)}" if opens else ""
    return Rejected(
        kind=RejectKind.MARKET_CLOSED,
        message=f"{instrument.calendar}, where {instrument.id} trades, is closed{when}.",
    )


def insufficient(needed: Decimal, available: Decimal, currency: str) -> Rejected:
    step = Decimal("0.01")
    message = (
        f"Insufficient buying power: the order needs {needed.quantize(step)} {currency}, "
        f"{max(available, Decimal(0)).quantize(step)} {currency} is available."
    )
    return Rejected(kind=RejectKind.INSUFFICIENT_FUNDS, message=message)


def not_reducing(instrument: Instrument, position: Decimal) -> Rejected:
    message = (
        f"A reduce-only order must not exceed the open position of {canonical(position)} {instrument.id}."
    )
    return Rejected(kind=RejectKind.SIZE_REJECTED, message=message)


def no_rate(currency: str, base: str) -> Rejected:
    return Rejected(kind=RejectKind.OTHER, message=f"The paper venue has no rate from {currency} to {base}.")


def no_price(instrument: Instrument) -> Rejected:
    return Rejected(
        kind=RejectKind.UNAVAILABLE, message=f"The paper venue has no price of {instrument.id} now."
    )
