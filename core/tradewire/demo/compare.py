"""Lost and doubled: what the client was answered, what the ledger says, and what the venue holds. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tradewire.demo.books import Ledger, VenueBook, VenueOrder
from tradewire.domain.base import Struct


class Wish(Struct):
    """One thing that somebody wanted, however often its message was sent.

    `signals` are the ids that were answered with "accepted", `algorithms` the names of those that must send
    exactly one order for it.
    """

    name: str
    signals: frozenset[str]
    algorithms: tuple[str, ...]


class Comparison(Struct):
    """A sentence for each finding. `lost`: accepted and not done. `doubled`: done more often than wanted.
    `differing`: fills that the ledger and the venue do not have in common."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


def compare(
    wishes: Sequence[Wish], ledger: Ledger, venue: VenueBook, algorithms: Mapping[str, str]
) -> Comparison:
    """`algorithms` are names by id."""
    traded: Counter[tuple[str, str]] = Counter()
    for order in venue.orders:
        origin = ledger.orders.get(order.client_id)
        if origin is not None:
            wanted = _wish(wishes, origin.signal_id)
            traded[wanted, algorithms.get(origin.algorithm_id, origin.algorithm_id)] += 1
    return Comparison(
        lost=tuple(_lost(wishes, ledger, traded)),
        doubled=(*_unknown(ledger, venue), *_repeated(venue.orders), *_too_many(wishes, traded)),
        differing=tuple(_differing(ledger, venue)),
    )


Traded = Counter[tuple[str, str]]


def _wish(wishes: Sequence[Wish], signal_id: str) -> str:
    return next((wish.name for wish in wishes if signal_id in wish.signals), f"signal {signal_id}")


def _lost(wishes: Sequence[Wish], ledger: Ledger, traded: Traded) -> Iterator[str]:
    for wish in wishes:
        for signal_id in sorted(wish.signals - ledger.accepted):
            yield f'"{wish.name}" was answered with 200, and the ledger has no signal {signal_id}.'
        if not wish.signals:
            continue
        for name in wish.algorithms:
            if not traded[wish.name, name]:
                yield f'"{wish.name}" was answered with 200, and no order of {name} is at the venue.'


def _too_many(wishes: Sequence[Wish], traded: Traded) -> Iterator[str]:
    expected = {(wish.name, name) for wish in wishes for name in wish.algorithms}
    for (wanted, name), count in traded.items():
        most = 1 if (wanted, name) in expected else 0
        if count > most:
            yield f'"{wanted}": {count} orders of {name} are at the venue, and {most} was wanted.'


def _unknown(ledger: Ledger, venue: VenueBook) -> Iterator[str]:
    for order in venue.orders:
        if order.client_id not in ledger.orders:
            yield f"The venue holds {_words(order)}, which the ledger does not know."


def _repeated(orders: Sequence[VenueOrder]) -> Iterator[str]:
    counts = Counter(order.client_id for order in orders)
    for order in {one.client_id: one for one in orders}.values():
        if counts[order.client_id] > 1:
            yield f"The venue holds {_words(order)} {counts[order.client_id]} times."


def _differing(ledger: Ledger, venue: VenueBook) -> Iterator[str]:
    counts = Counter(venue.fills)
    for fill in sorted(counts.keys() | ledger.fills, key=lambda one: one.execution_id):
        here, there = int(fill in ledger.fills), counts[fill]
        if here != there:
            yield (
                f"The fill {fill.execution_id} of {fill.quantity} at {fill.price} is in the ledger "
                f"{here} times and at the venue {there} times."
            )


def _words(order: VenueOrder) -> str:
    return f"an order {order.side} {order.quantity} {order.symbol} of {order.account} ({order.client_id})"
