from datetime import datetime, timedelta

import msgspec
import pytest

from tradewire import Decision, Purpose, Verdict
from tradewire.testing import builders, load
from tradewire.testing.builders import NOW
from tradewire.testing.contracts import GuardianContract
from tradewire_event_pause import EventPause, EventPauseParams


class TestContract(GuardianContract):
    guardian = EventPause()
    params = {"events": [NOW.isoformat()]}


def judged(minutes: float, **order: object) -> Verdict:
    """The verdict `minutes` after an event, with a pause from 30 before to 15 after."""
    params = EventPauseParams(events=(NOW,), after_min=15)
    view = builders.guard_view(params=params, now=NOW + timedelta(minutes=minutes))
    return EventPause().guard(builders.guarded_order(**order), view)


@pytest.mark.parametrize(
    ("minutes", "decision"),
    [
        (-30.1, Decision.ALLOW),
        (-30, Decision.BLOCK),
        (0, Decision.BLOCK),
        (14.9, Decision.BLOCK),
        (15, Decision.ALLOW),
    ],
)
def test_entries_are_blocked_from_before_until_after(minutes: float, decision: Decision) -> None:
    assert judged(minutes).decision is decision


def test_an_exit_passes_at_any_time() -> None:
    assert judged(0, purpose=Purpose.EXIT).decision is Decision.NOT_APPLICABLE


def test_it_says_until_when() -> None:
    assert judged(0).message == "No entries until 2026-03-02 14:45 UTC, because of the event at 14:30."


@pytest.mark.parametrize(
    "params",
    [
        {"events": ["2026-03-18T18:00:00"]},
        {"events": ["2026-03-18T18:00:00Z"], "before_min": 0, "after_min": 0},
        {"events": ["2026-03-18T18:00:00Z"], "before_min": -1},
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, object]) -> None:
    with pytest.raises((msgspec.ValidationError, ValueError)):
        msgspec.convert(params, EventPauseParams, strict=False)


def test_the_offset_of_an_event_counts() -> None:
    params = EventPauseParams(events=(datetime.fromisoformat("2026-03-02T09:30:00-05:00"),))
    assert (
        EventPause().guard(builders.guarded_order(), builders.guard_view(params=params)).reason
        == "event_pause"
    )


def test_it_is_found_by_its_name() -> None:
    assert list(load("tradewire_event_pause").guardians) == ["event_pause"]
