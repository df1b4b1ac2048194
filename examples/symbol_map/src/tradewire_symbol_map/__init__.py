"""An override: chart one thing, trade another.

The settings say what is traded for which symbol. A price of the one is no price of the other, so an order
that carries one is not sent rather than sent wrong.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tradewire import Algorithm, Draft, Note, Override, SignalFacts, Skip, hookimpl


class SymbolMap(Override):
    """Replaces the draft's symbol where the map has one for it."""

    name = "symbol_map"

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = dict(symbols)

    def apply(self, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
        traded = self._symbols.get(draft.symbol)
        if traded is None or traded == draft.symbol:
            return draft
        why = f"the symbol map trades {traded} for {draft.symbol}"
        note = Note(field="symbol", received=draft.symbol, used=traded, why=why)
        priced = _priced(draft)
        if priced is not None:
            return Skip(
                reason="price_of_another_symbol",
                message=f"The message's {priced} is a price of {draft.symbol}, and {traded} is traded for "
                f"it. Nothing is sent; take {priced} out of the message, or {draft.symbol} out of the map.",
                blocked=True,
                notes=(*draft.notes, note),
            )
        return msgspec.structs.replace(draft, symbol=traded, notes=(*draft.notes, note))


def _priced(draft: Draft) -> str | None:
    """The first field that holds a price or a distance in money; percentages suit any symbol."""
    if draft.limit_price is not None:
        return "limitPrice"
    if draft.stop_price is not None:
        return "stopPrice"
    for field, one in (("takeProfit", draft.take_profit), ("stopLoss", draft.stop_loss)):
        if one is not None and (one.percent is None and one.trail_percent is None):
            return field
    return None


@hookimpl
def override(settings: Mapping[str, Any]) -> Sequence[Override]:
    return [SymbolMap(msgspec.convert(dict(settings), dict[str, str]))]
