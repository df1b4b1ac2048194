"""The Signal Log, a signal's story, orders, fills, resolving."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from core.services.history import BLOCKED, DUPLICATE, FILLED, INVALID, UNKNOWN, UNKNOWN_CHILD, live_through
from tradewire.domain.ledger import EntryKind
from tradewire.domain.order import ParentState
from tradewire.ledger.read import tail
from tradewire.services.numbers import shown_price
from tradewire.services.refusal import Code, Refused
from tradewire.services.resolution import DecidedAbsent, DecidedFilled
from tradewire.services.services import Services
from tradewire.services.signal_filter import SignalFilter
from tradewire.services.signal_state import Run as SignalRun
from tradewire.services.signal_state import state_of
from tradewire.services.signal_story import SignalStory
from tradewire.store.database import Store
from tradewire.store.schema import decisions, parent_orders
from tradewire.testing.clock import FakeClock

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def history(store: Store, clock: FakeClock, paper: str, breakout: str) -> None:
    store.write_now(lambda conn: live_through(conn, paper, breakout, clock.now()))


def test_the_log_is_newest_first_with_derived_states(services: Services, run: Run) -> None:
    page = run(services.signals.list())
    assert [(one.id, one.state) for one in page.items] == [
        (INVALID, "invalid"),
        (DUPLICATE, "duplicate"),
        (UNKNOWN, "unknown"),
        (BLOCKED, "blocked"),
        (FILLED, "filled"),
    ]


def test_pages_follow_each_other_without_gap_or_overlap(services: Services, run: Run) -> None:
    first = run(services.signals.list(limit=2))
    second = run(services.signals.list(limit=2, after=first.next))
    third = run(services.signals.list(limit=2, after=second.next))
    assert [len(page.items) for page in (first, second, third)] == [2, 2, 1]
    assert third.next is None
    assert len({one.id for page in (first, second, third) for one in page.items}) == 5


def test_the_log_is_filtered_by_status_and_algorithm(services: Services, run: Run) -> None:
    assert [one.id for one in run(services.signals.list(status=SignalFilter.DUPLICATE)).items] == [DUPLICATE]
    assert len(run(services.signals.list(algorithm="breakout")).items) == 3


def test_a_page_of_no_size_is_refused(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match="from 1 to 500"):
        run(services.orders.list(limit=0))


def test_a_story_begins_at_the_messages_own_time_and_is_in_order(services: Services, run: Run) -> None:
    story = run(services.stories.show(FILLED[:13]))
    assert [stage.stage for stage in story.stages] == [
        "alert",
        "received",
        "stored",
        "matched",
        "order",
        "guarded",
        "admitted",
        "sent",
        "acknowledged",
        "fill",
        "broker",
        "filled",
    ]
    assert story.stages[0].after_ms == -850
    assert story.stages[-1].after_ms == 21


def test_a_story_says_what_the_message_changed_and_what_it_could_not(services: Services, run: Run) -> None:
    story = run(services.stories.show(FILLED))
    (order,) = [stage.text for stage in story.stages if stage.stage == "order"]
    assert order == (
        "entry buy 10 AAPL. Matched by tags. From the message: symbol. "
        "qty: 20 came, 10 is used (dynamic quantity is off)."
    )


def _story_with(services: Services, run: Run, store: Store, **changed: str) -> SignalStory:
    order = parent_orders.c.signal_id == FILLED
    store.write_now(lambda conn: conn.execute(update(parent_orders).where(order).values(changed)))
    story: SignalStory = run(services.stories.show(FILLED))
    return story


def test_a_story_tells_at_the_match_only_what_was_known_then(
    services: Services, run: Run, store: Store
) -> None:
    story = _story_with(services, run, store, detail="10 of 10 filled.")
    (matched,) = [stage.text for stage in story.stages if stage.stage == "matched"]
    assert (matched, story.stages[-1].text) == ("To breakout.", "10 of 10 filled.")


def test_a_story_tells_beside_the_quantity_how_it_came_about(
    services: Services, run: Run, store: Store
) -> None:
    story = _story_with(services, run, store, sized="from 0 to 10")
    (admitted,) = [stage.text for stage in story.stages if stage.stage == "admitted"]
    assert admitted == "10 AAPL (from 0 to 10), worked by the blueprint market."


def test_a_story_names_the_plugins_of_every_stage(services: Services, run: Run) -> None:
    story = run(services.stories.show(FILLED))
    named = {stage.stage: stage.plugins for stage in story.stages if stage.plugins}
    assert {name: named[name] for name in ("received", "order", "admitted", "sent")} == {
        "received": ("tradingview", "api_key", "network"),
        "order": ("tags", "default"),
        "admitted": ("market",),
        "sent": ("paper",),
    }
    assert named["guarded"] == ("kill_switch",)
    (received,) = [stage.text for stage in story.stages if stage.stage == "received"]
    assert received.endswith("Checked by api_key, network.")


def test_a_blocked_story_says_which_guardian_and_why(services: Services, run: Run) -> None:
    story = run(services.stories.show(BLOCKED))
    (guarded,) = [stage for stage in story.stages if stage.stage == "guarded"]
    assert guarded.text.startswith("max_position (algorithm): The position of 110 shares")
    assert story.stages[-1].stage == "blocked"


def test_a_story_tells_what_only_the_ledger_keeps(services: Services, run: Run) -> None:
    story = run(services.stories.show(UNKNOWN))
    assert story.stages[-1].stage == "unknown"
    assert story.stages[-1].text == "The broker did not answer within 10 s."


def test_a_beginning_of_several_ids_is_refused_with_them(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match=FILLED):
        run(services.stories.show("019c"))


def test_what_is_no_id_is_refused(services: Services, run: Run) -> None:
    for wrong in ("", "%", "nothing"):
        with pytest.raises(Refused):
            run(services.stories.show(wrong))


def test_orders_show_their_children_and_average_price(services: Services, run: Run) -> None:
    orders = run(services.orders.list()).items
    assert [one.state for one in orders] == [ParentState.WORKING, ParentState.BLOCKED, ParentState.FILLED]
    assert orders[2].average_price == "187.25"
    assert [len(one.children) for one in orders] == [1, 0, 1]
    assert len(run(services.orders.list(live=True)).items) == 1


def test_fills_carry_names_and_exact_numbers(services: Services, run: Run) -> None:
    (fill,) = run(services.fills.list(account="paper", algorithm="breakout")).items
    assert (fill.algorithm, fill.symbol, fill.quantity, fill.price, fill.fee) == (
        "breakout",
        "AAPL",
        "10",
        "187.25",
        "1.5",
    )


class Engine:
    """Remembers what it was told to apply."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def apply(self, account_id: str, client_id: str) -> None:
        self.told.append(client_id)


def test_a_decision_is_recorded_and_handed_to_the_engine(
    make: Callable[..., Services], run: Run, store: Store
) -> None:
    engine = Engine()
    services = make(resolver=engine.apply)
    decision = DecidedFilled(quantity=Decimal(10), price=Decimal("187.5"))
    run(services.resolution.resolve(UNKNOWN_CHILD[:6], decision, "test"))
    assert engine.told == [UNKNOWN_CHILD]
    kept = store.read_now(lambda conn: conn.execute(select(decisions)).one())
    assert (kept.client_id, kept.quantity, kept.price) == (UNKNOWN_CHILD, 10, Decimal("187.5"))
    entry = store.read_now(tail)[0]
    assert (entry.kind, entry.client_id, entry.signal_id) == (
        EntryKind.CHILD_RESOLVED,
        UNKNOWN_CHILD,
        UNKNOWN,
    )
    assert entry.data == {"decision": "filled", "quantity": "10", "price": "187.5"}


@pytest.mark.parametrize(
    "decision",
    [
        DecidedFilled(quantity=Decimal(11), price=Decimal(1)),
        DecidedFilled(quantity=Decimal(0), price=Decimal(1)),
        DecidedFilled(quantity=Decimal(1), price=Decimal(0)),
        DecidedFilled(quantity=Decimal("NaN"), price=Decimal(1)),
    ],
)
def test_an_impossible_decision_is_refused(
    decision: DecidedFilled, make: Callable[..., Services], run: Run, store: Store
) -> None:
    engine = Engine()
    with pytest.raises(Refused):
        run(make(resolver=engine.apply).resolution.resolve(UNKNOWN_CHILD, decision, "test"))
    assert engine.told == []


def test_an_order_that_is_not_unknown_is_not_resolved(make: Callable[..., Services], run: Run) -> None:
    engine = Engine()
    with pytest.raises(Refused, match="filled, not unknown"):
        run(make(resolver=engine.apply).resolution.resolve("c1c1", DecidedAbsent(), "test"))
    assert engine.told == []


def test_without_an_engine_nothing_is_resolved(services: Services, run: Run) -> None:
    with pytest.raises(Refused) as refused:
        run(services.resolution.resolve(UNKNOWN_CHILD, DecidedAbsent(), "test"))
    assert refused.value.code is Code.UNAVAILABLE


def parent(state: ParentState, name: str = "a", reason: str | None = None) -> SignalRun:
    return SignalRun(parent_id=name, algorithm=name, state=state, reason=reason)


def test_a_signals_state_sums_up_its_runs() -> None:
    filled, blocked = parent(ParentState.FILLED), parent(ParentState.BLOCKED, "b", "too large")
    assert state_of("accepted", False, None, None, ()) == ("waiting", None)
    assert state_of("accepted", True, "no_match", "typo", ()) == ("no_match", "typo")
    assert state_of("accepted", True, None, None, (filled, filled)) == ("filled", None)
    assert state_of("accepted", True, None, None, (filled, blocked)) == ("mixed", "a: filled, b: blocked")
    assert state_of("accepted", True, None, None, (blocked,)) == ("blocked", "too large")
    working = parent(ParentState.WORKING)
    assert state_of("accepted", True, None, None, (filled, working))[0] == "working"


@pytest.mark.parametrize(("price", "read"), [("214.6", "214.60"), ("999", "999.00"), ("0.00012", "0.00012")])
def test_a_price_has_two_decimals_at_least(price: str, read: str) -> None:
    assert shown_price(price) == read
