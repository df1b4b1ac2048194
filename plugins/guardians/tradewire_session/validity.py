"""DAY, GTC or a window."""

from datetime import datetime

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Purpose,
    Scope,
    ValidityKind,
    Verdict,
    allow,
    block,
    iso,
    not_applicable,
    valid_until,
)


class ValidityGuardian(Guardian):
    """Entries are blocked before an algorithm's window and from its validity's end on; exits always pass.

    A DAY ends at the first close after the start, as stored with the algorithm or by the view's calendar,
    whichever is earlier; with neither, it is not known and blocks.
    """

    name = "validity"
    scopes = frozenset({Scope.ALGORITHM})
    always = frozenset({Scope.ALGORITHM})
    live = True

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "An algorithm's validity holds for entries only.")
        validity, name, now = view.algorithm.validity, view.algorithm.name, iso(view.now)
        try:
            until = _end(view)
        except ValueError as unknown:
            return block("end_unknown", f"{unknown} Whether {name} is still valid cannot be said.", value=now)
        if validity.kind is ValidityKind.WINDOW and validity.start is not None and view.now < validity.start:
            start = iso(validity.start)
            return block(
                "before_window",
                f"The window of {name} opens at {start}; it is {now}.",
                value=now,
                limit=start,
            )
        if until is None:
            return allow("no_end", f"The validity of {name} has no end.", value=now)
        left = f"{int((until - view.now).total_seconds())} s"
        if view.now >= until:
            return block(
                "validity_ended",
                f"The validity of {name} ({validity.kind}) ended at {iso(until)}; start it again to go on.",
                value=now,
                limit=iso(until),
                headroom=left,
            )
        return allow(
            "valid", f"{name} is valid until {iso(until)}.", value=now, limit=iso(until), headroom=left
        )


def _end(view: GuardView) -> datetime | None:
    algorithm = view.algorithm
    if algorithm.validity.kind is not ValidityKind.DAY:
        return valid_until(algorithm.validity, algorithm.started_at, view.calendar)
    stored, chosen = algorithm.valid_until, algorithm.validity.calendar
    if view.calendar is not None and chosen in (None, view.calendar.name):
        computed = valid_until(algorithm.validity, algorithm.started_at, view.calendar)
        return min(end for end in (stored, computed) if end is not None)
    # The view holds no calendar, or the instrument's where the day was chosen by another.
    return stored or valid_until(algorithm.validity, algorithm.started_at, None)
