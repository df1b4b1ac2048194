"""How long each part of the way took, in milliseconds."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from tradewire.demo.progress import Row
from tradewire.demo.script import Answered
from tradewire.domain.base import Struct
from tradewire.services.orders import OrderView

ACCEPT = "accept: request to answer"
SUBMIT = "submit: accepted to sent"
#: In the order of the way; the last one spans several.
PARTS = (
    ACCEPT,
    "match, override: to orders",
    "guard, blueprint: to children",
    "to the first byte sent",
    "broker: sent to accepted",
    "fill: sent to filled",
    SUBMIT,
)


class Latency(Struct):
    """Of `count` measurements; None without any."""

    part: str
    count: int
    p50_ms: float | None
    p99_ms: float | None


def latencies(rows: Sequence[Row]) -> tuple[Latency, ...]:
    """One for each of `PARTS`."""
    measured: dict[str, list[float]] = {part: [] for part in PARTS}
    for row in rows:
        for part, value in _measured(row):
            measured[part].append(value)
    return tuple(
        Latency(part=part, count=len(values), p50_ms=percentile(values, 50), p99_ms=percentile(values, 99))
        for part, values in measured.items()
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The nearest rank: the smallest value that at least `percent` of all do not exceed, to a tenth."""
    if not values:
        return None
    return round(sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1], 1)


def _measured(row: Row) -> Iterator[tuple[str, float]]:
    if row.answered in (Answered.ACCEPTED, Answered.DUPLICATE):
        yield ACCEPT, row.answer_ms
    story = row.story
    if story is None or row.answered != Answered.ACCEPTED:
        return
    accepted = story.signal.accepted_at
    if story.signal.routed_at is not None:
        yield PARTS[1], _ms(accepted, story.signal.routed_at)
    filled: dict[str | None, datetime] = {}
    for fill in story.fills:
        filled[fill.client_id] = max(fill.at, filled.get(fill.client_id, fill.at))
    for order in story.orders:
        yield from _of_order(order, accepted, filled)


def _of_order(
    order: OrderView, accepted: datetime, filled: dict[str | None, datetime]
) -> Iterator[tuple[str, float]]:
    for child in order.children:
        yield PARTS[2], _ms(order.created_at, child.created_at)
        if child.sent_at is None:
            continue
        yield PARTS[3], _ms(child.created_at, child.sent_at)
        yield SUBMIT, _ms(accepted, child.sent_at)
        if child.acknowledged_at is not None:
            yield PARTS[4], _ms(child.sent_at, child.acknowledged_at)
        if child.client_id in filled:
            yield PARTS[5], _ms(child.sent_at, filled[child.client_id])


def _ms(start: datetime, end: datetime) -> float:
    return max((end - start).total_seconds() * 1000, 0.0)
