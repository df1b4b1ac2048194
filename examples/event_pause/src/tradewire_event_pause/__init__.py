"""A guardian: no entries around scheduled events, such as a central bank's decision."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Purpose,
    Scope,
    Verdict,
    allow,
    as_utc,
    block,
    hookimpl,
    not_applicable,
)

Minutes = Annotated[int, msgspec.Meta(ge=0, le=10_080)]


class EventPauseParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `before_min` minutes before each of `events` until `after_min` minutes after it."""

    events: tuple[datetime, ...]
    before_min: Minutes = 30
    after_min: Minutes = 30

    def __post_init__(self) -> None:
        if not self.before_min and not self.after_min:
            raise ValueError("`before_min` and `after_min` are both 0, so there is no pause")
        for event in self.events:
            if event.tzinfo is None:
                raise ValueError(f"the event {event.isoformat()} has no time zone; write Z or an offset")


class EventPause(Guardian):
    """Entries are blocked in a pause; exits pass."""

    name = "event_pause"
    scopes = frozenset(Scope)
    Params = EventPauseParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        params: EventPauseParams = view.params
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "A pause holds for entries only.")
        before, after = timedelta(minutes=params.before_min), timedelta(minutes=params.after_min)
        events = sorted(as_utc(event) for event in params.events)
        for event in events:
            if event - before <= view.now < event + after:
                until = f"{event + after:%Y-%m-%d %H:%M} UTC"
                return block(
                    "event_pause",
                    f"No entries until {until}, because of the event at {event:%H:%M}.",
                    value=f"{view.now:%H:%M} UTC",
                    limit=f"{params.before_min} min before to {params.after_min} min after",
                )
        coming = next((event for event in events if event > view.now), None)
        said = f"The next event is at {coming:%Y-%m-%d %H:%M} UTC." if coming else "No event is to come."
        return allow("no_event", said)


@hookimpl
def guard() -> Sequence[Guardian]:
    return [EventPause()]
