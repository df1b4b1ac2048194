"""What becomes of an order while its market is closed: nothing is sent blindly, and no exit is lost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.engine.acts import FRESH, holding, legs, limit, settle
from core.engine.bench import Bench
from core.engine.bench_desk import stock
from tradewire import GuardView, Verdict, allow
from tradewire.brokerage.market_view import Want, WantKind
from tradewire.domain.algorithm import AlgorithmState, Plugged, WhenClosed
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import OrderType, ParentState, TimeInForce
from tradewire.domain.session import SessionCalendar, TradingSession
from tradewire.store.database import Store
from tradewire.testing.clock import DEFAULT_START

NIGHT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
OPEN = datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
CLOSE = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
#: Tuesday is a half day, Wednesday a holiday.
NEW_YORK = SessionCalendar(
    name="XNYS",
    sessions=(
        TradingSession(open=datetime(2026, 3, 2, 14, 30, tzinfo=UTC), close=CLOSE),
        TradingSession(open=OPEN, close=datetime(2026, 3, 3, 18, 0, tzinfo=UTC)),
        TradingSession(
            open=datetime(2026, 3, 5, 14, 30, tzinfo=UTC), close=datetime(2026, 3, 5, 21, 0, tzinfo=UTC)
        ),
    ),
    first=datetime(2026, 2, 1, tzinfo=UTC),
    last=datetime(2026, 3, 7, tzinfo=UTC),
)


def closed_bench(store: Store, held: int = 0, **fields: Any) -> Bench:
    """AAPL trades in New York; the algorithm holds so much, and its signals may be 60 s old."""
    bench = Bench(store)
    bench.account()
    bench.algorithm(
        allow_shorts=True, guardians=(Plugged(name="stale_signal", params={"max_age_s": 60}),), **fields
    )
    holding(bench, held)
    bench.desk.symbols["AAPL"] = (msgspec.structs.replace(stock("AAPL"), calendar="XNYS"),)
    bench.desk.calendars["XNYS"] = NEW_YORK
    bench.write(_forget_instruments)
    return bench


def _forget_instruments(conn: Any) -> None:
    from sqlalchemy import delete

    from tradewire.store.schema import instruments

    conn.execute(delete(instruments))


def at(bench: Bench, moment: datetime) -> None:
    bench.later((moment - bench.clock.now()).total_seconds())


def only(bench: Bench, signal: str) -> Any:
    (parent,) = legs(bench, signal)
    return parent


def test_in_the_session_nothing_waits(store: Store) -> None:
    bench = closed_bench(store)
    assert DEFAULT_START < CLOSE
    signal = bench.ask()
    settle(bench)
    assert only(bench, signal).state is ParentState.FILLED


def test_by_default_an_entry_is_blocked_and_an_exit_waits_for_the_open(store: Store) -> None:
    bench = closed_bench(store, held=10)
    at(bench, NIGHT)
    enter, leave = bench.ask(action=Action.BUY), bench.ask(action=Action.EXIT)
    blocked, waits = only(bench, enter), only(bench, leave)
    assert (blocked.state, blocked.reason) == (ParentState.BLOCKED, "market_closed")
    assert "it opens at 2026-03-03T14:30:00.000Z" in blocked.detail
    assert (waits.state, waits.wake_at) == (ParentState.PENDING, OPEN)
    assert "waits for the open at 2026-03-03T14:30:00.000Z" in waits.detail
    assert bench.children(waits.id) == []
    at(bench, OPEN)
    settle(bench)
    assert bench.held() == 0


def test_an_exit_of_nothing_need_not_wait_to_find_that_out(store: Store) -> None:
    bench = closed_bench(store)
    at(bench, NIGHT)
    assert only(bench, bench.ask(action=Action.EXIT)).reason == "nothing_to_exit"


def test_a_reversal_at_night_closes_at_the_open_and_opens_nothing(store: Store) -> None:
    bench = closed_bench(store, held=10)
    at(bench, NIGHT)
    signal = bench.ask(action=Action.REVERSE)
    assert [one.state for one in legs(bench, signal)] == [ParentState.PENDING, ParentState.BLOCKED]
    at(bench, OPEN)
    settle(bench)
    assert bench.held() == 0


def test_a_queued_entry_goes_out_at_the_open_however_old_it_is_by_then(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    signal = bench.ask(quantity=Decimal(10))
    at(bench, OPEN - timedelta(seconds=1))
    bench.work()
    assert only(bench, signal).state is ParentState.PENDING
    at(bench, OPEN)
    settle(bench)
    assert bench.held() == 10


def test_at_the_open_an_order_is_as_old_as_it_was_when_it_was_queued(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    signal = bench.ask(time=NIGHT - timedelta(seconds=50))
    at(bench, OPEN + timedelta(seconds=11))
    bench.work()
    assert only(bench, signal).reason == "stale"


@pytest.mark.parametrize("action", [Action.REVERSE, Action.TARGET])
def test_both_legs_wait_for_the_open_and_neither_is_stale_then(store: Store, action: Action) -> None:
    bench = closed_bench(store, held=10, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    size = Decimal(-10) if action is Action.TARGET else None
    bench.ask(action=action, quantity=size)
    at(bench, OPEN)
    settle(bench)
    assert bench.held() == -10


def test_what_is_queued_keeps_its_place_and_other_algorithms_pass(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    bench.desk.extended = True
    bench.algorithm("other", guardians=(FRESH,))
    first, second = bench.ask(quantity=Decimal(10)), bench.ask(quantity=Decimal(5))
    other = bench.signal("other", action=Action.BUY, extended_hours=True)
    later = bench.signal(action=Action.BUY, quantity=Decimal(2))
    bench.route()
    at(bench, EVENING + timedelta(days=0, hours=12))
    bench.work()
    assert legs(bench, other)[0].state is ParentState.WORKING
    assert {legs(bench, one)[0].state for one in (first, second, later)} == {ParentState.PENDING}
    at(bench, OPEN)
    settle(bench)
    admitted = [legs(bench, one)[0] for one in (first, second)]
    assert [one.state for one in admitted] == [ParentState.FILLED] * 2


def test_a_cancel_ends_what_is_queued(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    signal = bench.ask()
    bench.ask(action=Action.CANCEL)
    assert only(bench, signal).state is ParentState.CANCELLED


def test_an_algorithm_stopped_before_the_open_sends_no_entry(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    signal = bench.ask()
    bench.change_algorithm("alg", state=AlgorithmState.STOPPED)
    at(bench, OPEN)
    settle(bench)
    assert only(bench, signal).reason == "algorithm_stopped"


def test_an_early_close_and_a_holiday_are_known(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, datetime(2026, 3, 3, 18, 0, tzinfo=UTC))
    signal = bench.ask()
    assert only(bench, signal).wake_at == datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


def test_what_is_queued_survives_a_restart(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    at(bench, NIGHT)
    bench.ask(quantity=Decimal(10))
    again = Bench(store, bench.plugins)
    again.desk = bench.desk
    again.worker._desk = bench.desk
    again.desk._clock = again.clock
    again.take_lease("acc")
    at(again, OPEN)
    settle(again)
    assert again.held() == 10


@pytest.mark.parametrize("policy", list(WhenClosed))
def test_beyond_its_calendar_an_entry_is_blocked_and_an_exit_is_the_brokers(
    store: Store, policy: WhenClosed
) -> None:
    bench = closed_bench(store, held=10, when_closed=policy)
    at(bench, datetime(2026, 4, 1, tzinfo=UTC))
    bench.desk.unasked = {Want(kind=WantKind.CALENDAR, account_id="acc", key="XNYS")}
    enter, leave = bench.ask(action=Action.BUY), bench.ask(action=Action.EXIT)
    settle(bench)
    assert only(bench, enter).reason == "calendar_unknown"
    assert only(bench, leave).state is ParentState.FILLED


def test_a_calendar_that_is_not_there_yet_is_waited_for(store: Store) -> None:
    bench = closed_bench(store)
    bench.desk.calendars.clear()
    signal = bench.ask()
    assert [want.key for want in bench.desk.wants if want.kind is WantKind.CALENDAR] == ["XNYS"]
    assert only(bench, signal).detail == "The trading calendar XNYS is being looked up."
    bench.desk.calendars["XNYS"] = NEW_YORK
    settle(bench)
    assert only(bench, signal).state is ParentState.FILLED


def test_an_order_for_the_opening_auction_is_sent_while_the_market_is_closed(store: Store) -> None:
    bench = closed_bench(store)
    at(bench, NIGHT)
    assert only(bench, bench.ask(time_in_force=TimeInForce.OPG)).reason == "cannot_be_worked"


def test_outside_the_session_a_market_order_becomes_a_limit_within_the_collar(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.EXTENDED)
    bench.desk.extended = True
    at(bench, EVENING)
    signal = bench.ask(quantity=Decimal(10))
    (child,) = bench.children(only(bench, signal).id)
    assert (child.order_type, child.limit_price) == (OrderType.LIMIT, Decimal("101.00"))
    assert (child.time_in_force, child.extended_hours) == (TimeInForce.DAY, True)
    request = bench.release(child.client_id)
    assert getattr(request, "extended_hours", None) is True


def test_outside_the_session_a_limit_order_keeps_its_price(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.EXTENDED)
    bench.desk.extended = True
    at(bench, EVENING)
    (child,) = bench.children(only(bench, bench.ask(**limit(10))).id)
    assert (child.limit_price, child.extended_hours) == (Decimal(90), True)


def test_without_a_quote_nothing_is_sent_outside_the_session(store: Store) -> None:
    bench = closed_bench(store, held=10, when_closed=WhenClosed.EXTENDED)
    bench.desk.extended = True
    at(bench, EVENING)
    bench.desk.unpriced = {"AAPL"}
    bench.desk.unasked = {Want(kind=WantKind.QUOTE, account_id="acc", key="AAPL")}
    enter, leave = bench.ask(action=Action.BUY), bench.ask(action=Action.EXIT)
    assert (only(bench, enter).state, only(bench, enter).reason) == (ParentState.BLOCKED, "no_quote")
    assert (only(bench, leave).state, only(bench, leave).wake_at) == (ParentState.PENDING, OPEN)


@pytest.mark.parametrize(
    ("moment", "takes", "message", "why"),
    [
        (EVENING, False, {}, "takes no orders for AAPL outside"),
        (NIGHT, True, {}, "Nobody trades it at this hour"),
        (EVENING, True, {"time_in_force": TimeInForce.GTC}, "this one is gtc"),
    ],
)
def test_what_cannot_go_out_outside_the_session_is_blocked_and_an_exit_waits(
    store: Store, moment: datetime, takes: bool, message: dict[str, Any], why: str
) -> None:
    bench = closed_bench(store, held=10, when_closed=WhenClosed.EXTENDED)
    bench.desk.extended = takes
    at(bench, moment)
    enter, leave = bench.ask(action=Action.BUY, **message), bench.ask(action=Action.EXIT, **message)
    assert only(bench, enter).reason == "no_extended_hours"
    assert why in only(bench, enter).detail
    assert only(bench, leave).wake_at == OPEN
    assert why in only(bench, leave).detail


def test_a_message_may_ask_for_it_or_forbid_it(store: Store) -> None:
    bench = closed_bench(store)
    bench.desk.extended = True
    at(bench, EVENING)
    asked = bench.ask(extended_hours=True)
    bench.change_algorithm("alg", when_closed=WhenClosed.EXTENDED)
    forbidden = bench.ask(extended_hours=False)
    assert only(bench, asked).state is ParentState.WORKING
    assert only(bench, forbidden).reason == "market_closed"


def test_an_exit_outside_the_session_overtakes_what_is_queued(store: Store) -> None:
    bench = closed_bench(store, held=10, when_closed=WhenClosed.QUEUE)
    bench.desk.extended = True
    at(bench, EVENING)
    queued = bench.ask(action=Action.BUY)
    leave = bench.ask(action=Action.EXIT, extended_hours=True)
    assert only(bench, queued).state is ParentState.CANCELLED
    settle(bench)
    assert only(bench, leave).state is ParentState.FILLED
    assert bench.held() == 0


def test_an_exit_of_one_side_lets_what_is_queued_for_the_other_be(store: Store) -> None:
    bench = closed_bench(store, held=-10, when_closed=WhenClosed.QUEUE)
    bench.desk.extended = True
    at(bench, EVENING)
    added = bench.ask(action=Action.ADD, quantity=Decimal(5))
    bench.ask(action=Action.SELL, sentiment=Sentiment.FLAT, extended_hours=True)
    assert only(bench, added).state is ParentState.PENDING
    bench.ask(action=Action.BUY, sentiment=Sentiment.FLAT, extended_hours=True)
    assert only(bench, added).state is ParentState.CANCELLED
    settle(bench)
    assert bench.held() == 0


def test_a_limit_order_of_the_session_may_stay_on_where_the_message_says_so(store: Store) -> None:
    bench = closed_bench(store)
    bench.desk.extended = True
    stays, ends = bench.ask(**limit(10), extended_hours=True), bench.ask(**limit(10))
    marks = [bench.children(only(bench, one).id)[0].extended_hours for one in (stays, ends)]
    assert marks == [True, False]


def test_guardians_are_told_how_long_an_order_was_kept_for_the_open(store: Store) -> None:
    bench = closed_bench(store, when_closed=WhenClosed.QUEUE)
    seen: list[GuardView] = []
    guardian = bench.plugins.guardians["stale_signal"]

    class Watching(type(guardian)):  # type: ignore[misc]
        def guard(self, order: Any, view: GuardView) -> Verdict:
            seen.append(view)
            return allow("seen", "Seen.")

    bench.plugins.guardians["stale_signal"] = Watching()
    at(bench, NIGHT)
    bench.ask()
    at(bench, OPEN)
    bench.work()
    assert [view.queued for view in seen] == [OPEN - NIGHT]
