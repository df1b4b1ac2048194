from datetime import timedelta

import msgspec
import pytest

from tradewire import Decision, Purpose
from tradewire_pacing.duplicate_signal import DuplicateSignal, DuplicateSignalParams


def judged(order, view, seconds, *, window_s=45, message=None, purpose=Purpose.ENTRY, **seen):
    now = view().received_at
    last = None if seconds is None else now - timedelta(seconds=seconds)
    seen = {"params": DuplicateSignalParams(window_s=window_s), "same_content_at": last, **seen}
    return DuplicateSignal().guard(order(purpose=purpose), view(message=message or {}, **seen))


@pytest.mark.parametrize(
    ("seconds", "blocked"), [(0, True), (8, True), (44.9, True), (45, False), (60, False)]
)
def test_the_same_content_counts_as_sent_twice_within_the_window(order, view, seconds, blocked):
    verdict = judged(order, view, seconds)
    assert verdict.decision is (Decision.BLOCK if blocked else Decision.ALLOW)


def test_the_figures_carry_their_unit(order, view):
    verdict = judged(order, view, 8.5)
    assert (verdict.reason, verdict.value, verdict.limit) == ("duplicate", "8.5 s", "45 s")
    assert verdict.headroom == "-36.5 s"


def test_content_that_is_new_passes(order, view):
    assert judged(order, view, None).reason == "first"


def test_a_message_with_an_id_of_its_own_is_told_apart_by_that(order, view):
    assert judged(order, view, 1, message={"idempotency_id": "7"}).decision is Decision.NOT_APPLICABLE


def test_a_window_of_zero_switches_it_off(order, view):
    assert judged(order, view, 1, window_s=0).decision is Decision.NOT_APPLICABLE


def test_a_resend_that_is_worked_long_after_is_still_a_resend(order, view):
    later = view().now + timedelta(minutes=10)
    assert judged(order, view, 8, now=later).reason == "duplicate"


def test_an_exit_sent_twice_is_blocked_too(order, view):
    assert judged(order, view, 8, purpose=Purpose.EXIT).decision is Decision.BLOCK


@pytest.mark.parametrize("written", [{"window_s": -1}, {"window_s": float("nan")}, {"window": 45}])
def test_a_window_that_makes_no_sense_is_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, DuplicateSignalParams, strict=False)
