"""The same content again within a window: a resend, not a second wish."""

from datetime import timedelta
from typing import Annotated

import msgspec

from tradewire import GuardedOrder, Guardian, GuardView, Scope, Verdict, allow, block, not_applicable
from tradewire_pacing.seconds import seconds, told_apart


class DuplicateSignalParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`window_s` in seconds; 0 switches it off. A series of resends lasts up to 32 s."""

    window_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 45


class DuplicateSignal(Guardian):
    """Content that this algorithm acted on less than `window_s` ago is blocked, exits too. A message with an
    id of its own is told apart by that id, for ever, when it is accepted."""

    name = "duplicate_signal"
    scopes = frozenset({Scope.ALGORITHM})
    always = frozenset({Scope.ALGORITHM})
    Params = DuplicateSignalParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        params: DuplicateSignalParams = view.params
        if view.message.idempotency_id is not None:
            return not_applicable("own_id", "The message carries its own id, which is checked instead.")
        if params.window_s == 0:
            return not_applicable("window_off", "The window for repeated content is switched off.")
        if view.same_content_at is None:
            return allow("first", "This algorithm has not acted on the same content before.")
        # Measured between the two signals, so that a resend recovered after a crash is still a resend.
        since = view.received_at - view.same_content_at
        window = timedelta(seconds=params.window_s)
        value, limit, headroom = seconds(since), seconds(window), seconds(since - window)
        before, within = told_apart(since, window)
        if since < window:
            return block(
                "duplicate",
                f"The same content was acted on {before} before; within {within} it counts as sent twice. "
                'An "id" of its own in each message tells repeated signals apart.',
                value=value,
                limit=limit,
                headroom=headroom,
            )
        return allow(
            "repeated_later",
            f"The same content was acted on {before} before, longer ago than {within}.",
            value=value,
            limit=limit,
            headroom=headroom,
        )
