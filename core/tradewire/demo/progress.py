"""How far one message has come: a mark for each stage, from what the client saw and the API tells."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from tradewire.demo.script import Answered, Post
from tradewire.domain.base import Struct
from tradewire.domain.order import ChildState, ParentState
from tradewire.services.orders import ChildView, OrderView
from tradewire.services.signal_story import SignalStory

STAGES = ("door", "match", "override", "guard", "blueprint", "broker", "fill")

#: States in which more is to come.
_OPEN = frozenset({"waiting", "working", "unknown"})


class Passage(StrEnum):
    """NONE: not reached, and perhaps never will be."""

    NONE = "none"
    PASSED = "passed"
    STOPPED = "stopped"


class Mark(Struct):
    """`ms` counts from the request's arrival; at the door it is what the client waited for its answer."""

    passage: Passage = Passage.NONE
    ms: int | None = None


class Row(Struct):
    """One message: the answer's HTTP status, `status` and id, and the story as last read."""

    post: Post
    http_status: int | None = None
    answered: str = ""
    answer_ms: float = 0.0
    signal_id: str | None = None
    detail: str = ""
    story: SignalStory | None = None

    @property
    def has_ended(self) -> bool:
        if self.http_status is None:
            return False
        if self.answered != Answered.ACCEPTED:
            return True
        return self.story is not None and self.story.signal.state not in _OPEN

    @property
    def state(self) -> str:
        """What the Signal Log says, or the door where it said the last word."""
        return self.answered if self.story is None else self.story.signal.state


def marks(row: Row) -> tuple[Mark, ...]:
    """One mark for each of `STAGES`."""
    if row.http_status is None:
        return (Mark(),) * len(STAGES)
    passed = row.answered == Answered.ACCEPTED
    door = Mark(passage=_passage(passed), ms=round(row.answer_ms))
    story = row.story
    if not passed or story is None or story.signal.routed_at is None:
        return (door, *(Mark(),) * (len(STAGES) - 1))
    start = story.signal.received_at
    routed = Mark(passage=_passage(bool(story.signal.runs)), ms=_ms(start, story.signal.routed_at))
    return (door, routed, *(_latest(start, found) for found in _of_orders(story)))


Seen = list[tuple[datetime, bool]]


def _of_orders(story: SignalStory) -> Iterable[Seen]:
    """For the stages after matching: when each order came there, and whether it passed."""
    orders = story.orders
    judged = {one.parent_id: one.at for one in story.judgements}
    children = [child for order in orders for child in order.children]
    yield [
        (order.created_at, order.id in judged or order.state is not ParentState.SKIPPED) for order in orders
    ]
    yield [(judged[order.id], _was_let_through(order)) for order in orders if order.id in judged]
    yield [(child.created_at, True) for child in children]
    yield [(at, child.state is not ChildState.REJECTED) for child in children if (at := _at_broker(child))]
    # The venue's clock says when it filled; it has come through once that is stored.
    stored = {child.client_id: child.ended_at for child in children if child.ended_at is not None}
    yield [(max(fill.at, stored.get(fill.client_id or "", fill.at)), True) for fill in story.fills]


def _was_let_through(order: OrderView) -> bool:
    return order.state is not ParentState.BLOCKED


def _at_broker(child: ChildView) -> datetime | None:
    return child.acknowledged_at or (child.ended_at if child.sent_at else None)


def _latest(start: datetime, seen: Seen) -> Mark:
    if not seen:
        return Mark()
    return Mark(passage=_passage(all(passed for _, passed in seen)), ms=_ms(start, max(at for at, _ in seen)))


def _passage(passed: bool) -> Passage:
    return Passage.PASSED if passed else Passage.STOPPED


def _ms(start: datetime, end: datetime) -> int:
    return max(round((end - start).total_seconds() * 1000), 0)
