from datetime import UTC, datetime, timedelta

import pytest

from tradewire import Decision, Purpose, SessionCalendar, TradingSession, Validity, ValidityKind
from tradewire_session.validity import ValidityGuardian

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CLOSE = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
XNYS = SessionCalendar(
    name="XNYS",
    sessions=(TradingSession(open=datetime(2026, 3, 2, 14, 30, tzinfo=UTC), close=CLOSE),),
    first=datetime(2026, 3, 1, tzinfo=UTC),
    last=datetime(2026, 3, 4, tzinfo=UTC),
)
ALWAYS = SessionCalendar(name="24/7")
SECOND = timedelta(seconds=1)


def judged(
    order, view, validity, now, *, calendar=XNYS, valid_until=None, purpose=Purpose.ENTRY, started=START
):
    algorithm = {"validity": validity, "started_at": started, "valid_until": valid_until}
    seen = view(now=now, calendar=calendar, algorithm=algorithm)
    return ValidityGuardian().guard(order(purpose=purpose), seen)


def day(**more):
    return Validity(kind=ValidityKind.DAY, **more)


def test_a_day_ends_at_the_close(order, view):
    before, at = (judged(order, view, day(), moment) for moment in (CLOSE - SECOND, CLOSE))
    assert (before.decision, before.reason, before.headroom) == (Decision.ALLOW, "valid", "1 s")
    assert (at.decision, at.reason) == (Decision.BLOCK, "validity_ended")


def test_around_the_clock_a_day_ends_at_midnight_in_its_zone(order, view):
    tokyo = day(calendar="24/7", timezone="Asia/Tokyo")
    midnight = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    started = midnight - timedelta(hours=3)
    early = judged(order, view, tokyo, midnight - SECOND, calendar=ALWAYS, started=started)
    late = judged(order, view, tokyo, midnight, calendar=ALWAYS, started=started)
    assert (early.decision, late.decision) == (Decision.ALLOW, Decision.BLOCK)


def test_a_day_whose_calendar_is_missing_blocks(order, view):
    verdict = judged(order, view, day(), START, calendar=None)
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "end_unknown")


def test_the_instruments_calendar_does_not_stand_in_for_the_chosen_one(order, view):
    chosen = day(calendar="XNYS")
    assert judged(order, view, chosen, START, calendar=ALWAYS).reason == "end_unknown"
    assert judged(order, view, chosen, START, calendar=ALWAYS, valid_until=CLOSE).reason == "valid"
    assert judged(order, view, chosen, CLOSE, calendar=ALWAYS, valid_until=CLOSE).reason == "validity_ended"


def test_the_stored_end_holds_where_it_is_earlier(order, view):
    noon = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    assert judged(order, view, day(), noon, valid_until=noon).reason == "validity_ended"
    later = CLOSE + timedelta(days=1)
    assert judged(order, view, day(), CLOSE, valid_until=later).reason == "validity_ended"


def test_an_unknown_zone_blocks_with_a_sentence(order, view):
    verdict = judged(order, view, day(timezone="Mars/Olympus"), START, calendar=ALWAYS)
    assert verdict.reason == "end_unknown"
    assert "Mars/Olympus" in verdict.message


def test_gtc_has_no_end_and_needs_no_calendar(order, view):
    verdict = judged(order, view, Validity(kind=ValidityKind.GTC), CLOSE, calendar=None)
    assert (verdict.decision, verdict.reason) == (Decision.ALLOW, "no_end")


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        (START - SECOND, "before_window"),
        (START, "valid"),
        (CLOSE - SECOND, "valid"),
        (CLOSE, "validity_ended"),
    ],
)
def test_a_window_is_open_from_its_start_up_to_its_end(order, view, moment, reason):
    window = Validity(kind=ValidityKind.WINDOW, start=START, end=CLOSE)
    assert judged(order, view, window, moment, calendar=None).reason == reason


def test_exits_pass_after_the_end_and_where_nothing_is_known(order, view):
    for calendar in (XNYS, None):
        verdict = judged(order, view, day(), CLOSE, calendar=calendar, purpose=Purpose.EXIT)
        assert verdict.decision is Decision.NOT_APPLICABLE


def test_it_is_asked_of_every_algorithm_and_again_before_each_send():
    assert ValidityGuardian().always == ValidityGuardian().scopes
    assert ValidityGuardian().live
