"""Too late is no."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from tradewire import GuardedOrder, Guardian, GuardView, Message, Scope, Verdict, allow, block, iso
from tradewire_pacing.seconds import in_words, seconds, told_apart


class StaleSignalParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`max_age_s` and `max_skew_s` (for a sender's clock that is ahead) in seconds."""

    max_age_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    max_skew_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 5


class StaleSignal(Guardian):
    """A signal older than `max_age_s` is blocked, exits too: by the message's `time`, and in any case by when
    it was received, which catches an order that was recovered long after a crash. What it waited for its
    market's open, because the algorithm says so, does not make it older."""

    name = "stale_signal"
    scopes = frozenset({Scope.ALGORITHM})
    always = frozenset({Scope.ALGORITHM})
    early = True
    Params = StaleSignalParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        params: StaleSignalParams = view.params
        sent, received = view.message.time, view.received_at
        skew = timedelta(seconds=params.max_skew_s)
        if sent is not None and sent - received > skew:
            ahead, most = told_apart(sent - received, skew)
            return block(
                "time_in_future",
                f"The message's time {iso(sent)} is {ahead} after it was received; more than {most} is no "
                "difference of clocks.",
                value=seconds(sent - received),
                limit=seconds(skew),
                headroom=seconds(skew - (sent - received)),
            )
        since = received if sent is None else min(sent, received)
        age, allowed = view.now - since - view.queued, timedelta(seconds=params.max_age_s)
        what = f"its time {iso(since)}" if since == sent else f"when it was received, {iso(since)}"
        value, limit, headroom = seconds(age), seconds(allowed), seconds(allowed - age)
        if age <= allowed:
            return allow(
                "fresh",
                f"The signal is {in_words(age)} old, counted from {what}.",
                value=value,
                limit=limit,
                headroom=headroom,
            )
        old, most = told_apart(age, allowed)
        late = f"The signal is {old} old, counted from {what}, and {most} is the most that is acted on."
        if sent is not None and since == sent and _is_bar_aligned(sent, view.message):
            return block(
                "stale_bar_time",
                f"{late} That time is the opening of a bar: {{{{time}}}} is the bar's opening time, "
                "{{timenow}} is when the alert fired and is what is meant here.",
                value=value,
                limit=limit,
                headroom=headroom,
            )
        return block("stale", late, value=value, limit=limit, headroom=headroom)


def _is_bar_aligned(sent: datetime, message: Message) -> bool:
    return sent == message.bar_time or (sent.second == 0 and sent.microsecond == 0)
