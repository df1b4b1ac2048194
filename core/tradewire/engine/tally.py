"""One scope's exposures, kept up while a plan makes reservations, so that none is counted twice or anew."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from tradewire.domain.exposure import Exposure
from tradewire.domain.order import ParentOrder, Side
from tradewire.engine.exposures import reserves

#: Instrument, side and quantity of what a parent reserves.
Reservation = tuple[str, Side, Decimal]


class Tally:
    """Exposures by instrument; `without` shows them as if one parent were not there."""

    def __init__(
        self,
        found: Mapping[str, Exposure],
        lasting: Iterable[str],
        parents: Iterable[ParentOrder],
        blank: Callable[[str], Exposure],
    ) -> None:
        """`found` are the exposures with `parents`; instruments named in `lasting` stay whatever parents do.

        `blank(instrument_id)` is an exposure of nothing, with the instrument's mark, rate and multiplier.
        """
        self._found = dict(found)
        self._blank = blank
        self._reserved: dict[str, Reservation] = {}
        self._named = Counter(lasting)
        for parent in parents:
            reservation = _reservation(parent)
            if reservation is not None:
                self._reserved[parent.id] = reservation
                self._named[reservation[0]] += 1

    def note(self, parent: ParentOrder) -> None:
        """Count a parent as it is by now, in place of how it was before."""
        before, after = self._reserved.pop(parent.id, None), _reservation(parent)
        if after is not None:
            self._reserved[parent.id] = after
            self._named[after[0]] += 1
            self._found[after[0]] = self._changed(self._found, after, 1)
        if before is not None:
            self._named[before[0]] -= 1
            self._take(self._found, before, self._named[before[0]])

    def without(self, parent_id: str) -> dict[str, Exposure]:
        """The exposures without what a parent reserves."""
        found = dict(self._found)
        reservation = self._reserved.get(parent_id)
        if reservation is not None:
            self._take(found, reservation, self._named[reservation[0]] - 1)
        return found

    def _take(self, found: dict[str, Exposure], reservation: Reservation, others: int) -> None:
        """Take a reservation out of `found`; with no other reason to be named, its instrument goes too."""
        if others:
            found[reservation[0]] = self._changed(found, reservation, -1)
        else:
            del found[reservation[0]]

    def _changed(self, found: Mapping[str, Exposure], reservation: Reservation, sign: int) -> Exposure:
        instrument_id, side, quantity = reservation
        blank = self._blank(instrument_id)
        before = found.get(instrument_id, blank)
        bought, sold = before.live_buy, before.live_sell
        if side is Side.BUY:
            bought += sign * quantity
        else:
            sold += sign * quantity
        # The instrument may have been named by a foreign order only, whose price nobody had asked for.
        return msgspec.structs.replace(
            before,
            live_buy=bought,
            live_sell=sold,
            mark=blank.mark,
            rate=blank.rate,
            multiplier=blank.multiplier,
        )


def _reservation(parent: ParentOrder) -> Reservation | None:
    if parent.instrument_id is None or not reserves(parent):
        return None
    side = Side.BUY if parent.side is Side.BUY else Side.SELL
    return parent.instrument_id, side, parent.remaining
