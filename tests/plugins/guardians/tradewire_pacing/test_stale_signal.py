from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tradewire import Decision, Purpose
from tradewire_pacing.stale_signal import StaleSignal, StaleSignalParams

NOW = datetime(2026, 3, 2, 15, 0, 30, tzinfo=UTC)


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


def judged(order, view, *, sent=None, received=NOW, bar_time=None, purpose=Purpose.ENTRY, **params):
    message = {"time": sent, "bar_time": bar_time}
    seen = view(now=NOW, received_at=received, message=message, params=StaleSignalParams(**params))
    return StaleSignal().guard(order(purpose=purpose), seen)


@pytest.mark.parametrize(("age", "reason"), [(0, "fresh"), (59, "fresh"), (60, "fresh"), (61, "stale")])
def test_the_message_says_how_old_it_is(order, view, age, reason):
    assert judged(order, view, sent=ago(age)).reason == reason


def test_without_a_time_the_age_counts_from_when_it_was_received(order, view):
    assert judged(order, view, received=ago(60)).reason == "fresh"
    verdict = judged(order, view, received=ago(75))
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "stale")
    assert (verdict.value, verdict.limit, verdict.headroom) == ("75 s", "60 s", "-15 s")
    assert "received" in verdict.message


def test_an_order_recovered_long_after_a_crash_is_stale_whatever_its_clock_said(order, view):
    verdict = judged(order, view, sent=ago(296), received=ago(300))
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "stale")


def test_a_clock_that_is_a_little_ahead_is_forgiven(order, view):
    assert judged(order, view, sent=ago(-5)).reason == "fresh"
    verdict = judged(order, view, sent=ago(-6))
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "time_in_future")
    assert (verdict.value, verdict.limit) == ("6 s", "5 s")


@pytest.mark.parametrize(
    ("sent", "bar_time"),
    [
        (datetime(2026, 3, 2, 14, 55, tzinfo=UTC), None),
        (datetime(2026, 3, 2, 14, 55, 15, tzinfo=UTC), datetime(2026, 3, 2, 14, 55, 15, tzinfo=UTC)),
    ],
)
def test_a_stale_time_that_is_a_bars_says_which_placeholder_is_meant(order, view, sent, bar_time):
    verdict = judged(order, view, sent=sent, bar_time=bar_time)
    assert verdict.reason == "stale_bar_time"
    assert "{{time}} is the bar's opening time" in verdict.message
    assert "{{timenow}}" in verdict.message


def test_a_stale_time_between_minutes_is_nobodys_misunderstanding(order, view):
    verdict = judged(order, view, sent=ago(301), bar_time=datetime(2026, 3, 2, 14, 55, tzinfo=UTC))
    assert verdict.reason == "stale"
    assert "timenow" not in verdict.message


def test_a_fresh_time_on_the_minute_passes(order, view):
    assert judged(order, view, sent=datetime(2026, 3, 2, 15, 0, tzinfo=UTC)).reason == "fresh"


def test_a_stale_exit_is_blocked_too(order, view):
    assert judged(order, view, sent=ago(61), purpose=Purpose.EXIT).decision is Decision.BLOCK


def test_the_limits_may_be_set(order, view):
    assert judged(order, view, sent=ago(100), max_age_s=120).reason == "fresh"
    assert judged(order, view, sent=ago(-2), max_skew_s=1).reason == "time_in_future"


@pytest.mark.parametrize("written", [{"max_age_s": 0}, {"max_skew_s": -1}, {"max_age": 1}])
def test_limits_that_make_no_sense_are_refused(written):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, StaleSignalParams, strict=False)


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (0, "0 s"),
        (8.39, "8.3 s"),
        (119.9, "119.9 s"),
        (120, "2 min"),
        (425, "7 min 5 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (12_030, "3 h 20 min"),
        (172_799, "47 h 59 min"),
        (172_800, "2 days"),
        (190_000, "2 days 4 h"),
        (217_551_359.7, "2517 days"),
    ],
)
def test_an_age_reads_well_however_old_the_signal_is(order, view, age, told):
    assert f"The signal is {told} old, counted" in judged(order, view, sent=ago(age)).message


def test_the_figures_of_a_verdict_stay_in_seconds(order, view):
    verdict = judged(order, view, sent=ago(12_030), max_age_s=3600)
    assert "and 1 h is the most" in verdict.message
    assert (verdict.value, verdict.limit, verdict.headroom) == ("12030 s", "3600 s", "-8430 s")


def test_what_is_too_old_by_less_than_the_words_tell_is_told_in_seconds(order, view):
    message = judged(order, view, sent=ago(3600.4), max_age_s=3600).message
    assert "is 3600.4 s old" in message
    assert "3600 s is the most" in message


def test_a_time_far_in_the_future_is_told_in_days(order, view):
    message = judged(order, view, sent=ago(-864_000)).message
    assert "is 10 days after it was received; more than 5 s is no difference of clocks." in message
