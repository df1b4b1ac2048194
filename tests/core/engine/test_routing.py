"""From a signal to one parent order per algorithm, or to a reason why not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.engine.bench import Bench
from starting_points import discovered
from tradewire import Draft, Override, SignalFacts, Skip
from tradewire.domain import ids
from tradewire.domain.algorithm import Algorithm, AlgorithmState, Dynamic, EntrySignal, PipelineChoice
from tradewire.domain.message import Action, Message
from tradewire.domain.order import Goal, OrderType, ParentState, Purpose, Side
from tradewire.domain.protection import Protection
from tradewire.domain.size import SizeKind
from tradewire.engine.routing import Listeners, Route, route
from tradewire.plugins import Plugins

PLUGINS = Plugins.discover()


class Answering(Override):
    """Answers with what it was made with, or raises it."""

    name = "answering"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def apply(self, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


def signal_of(bench: Bench, **message: Any) -> SignalFacts:
    now = bench.clock.now()
    return SignalFacts(
        id="s",
        provider="tradingview",
        connection="main",
        message=Message(**({"strategy_id": "alg"} | message)),
        received_at=now,
        accepted_at=now,
    )


def routed(bench: Bench, *algorithms: Algorithm, plugins: Plugins = PLUGINS, **message: Any) -> Route:
    return route(plugins, signal_of(bench, **message), Listeners(algorithms, bench.clock.now()))


def test_one_signal_fans_out_to_every_started_algorithm_on_every_account(bench: Bench) -> None:
    bench.account("other")
    first = bench.algorithm("first")
    listening = [
        msgspec.structs.replace(first, id=name, name=name, account_id=account, signal=_listens("alg"))
        for name, account in (("a", "acc"), ("b", "acc"), ("c", "other"))
    ]
    found = routed(bench, *listening)
    assert [(run.parent.algorithm_id, run.parent.account_id) for run in found.runs] == [
        ("a", "acc"),
        ("b", "acc"),
        ("c", "other"),
    ]
    assert len({run.parent.id for run in found.runs}) == 3


def test_a_parents_id_follows_from_signal_algorithm_and_leg(bench: Bench) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    first, again = routed(bench, algorithm), routed(bench, algorithm)
    assert first.runs[0].parent.id == again.runs[0].parent.id == ids.parent_id("s", "x", 0)


def test_nothing_that_matches_is_said_with_what_nearly_did(bench: Bench) -> None:
    stopped = bench.algorithm("x", signal=_listens("alg"), state=AlgorithmState.STOPPED)
    other_case = bench.algorithm("y", signal=_listens("ALG"))
    found = routed(bench, stopped, other_case)
    assert (found.runs, found.outcome) == ((), "no_match")
    assert (found.reason or "").startswith("Received but no algorithm matched.")
    assert "it is stopped" in (found.reason or "")
    assert "upper and lower case count" in (found.reason or "")


def test_an_algorithm_whose_validity_has_ended_is_not_asked(bench: Bench) -> None:
    over = bench.algorithm("x", signal=_listens("alg"), valid_until=bench.clock.now())
    found = routed(bench, over)
    assert found.outcome == "no_match"
    assert "its validity ended at" in (found.reason or "")
    still = msgspec.structs.replace(over, valid_until=bench.clock.now() + timedelta(microseconds=1))
    assert len(routed(bench, still).runs) == 1


def test_a_plain_skip_and_a_blocking_one_end_differently(bench: Bench) -> None:
    fixed = bench.algorithm("x", signal=_listens("alg"), dynamic=Dynamic())
    skipped = routed(bench, fixed, action=Action.SELL).runs[0].parent
    assert (skipped.state, skipped.reason) == (ParentState.SKIPPED, "action_differs")
    stop = Protection(stop_price=Decimal(90))
    blocked = routed(bench, fixed, action=Action.BUY, stop_loss=stop).runs[0].parent
    assert (blocked.state, blocked.reason) == (ParentState.BLOCKED, "stop_ignored")
    assert blocked.ended_at is not None


@pytest.mark.parametrize("answer", [ValueError("boom"), None, "draft"])
def test_an_override_that_fails_fails_that_run_alone(bench: Bench, answer: object) -> None:
    plugins = discovered()
    plugins.overrides["answering"] = Answering(answer)
    failing = bench.algorithm("x", signal=_listens("alg"), pipeline=PipelineChoice(override=("answering",)))
    fine = bench.algorithm("y", signal=_listens("alg"))
    first, second = routed(bench, failing, fine, plugins=plugins).runs
    assert (first.parent.state, first.parent.reason) == (ParentState.FAILED, "override_failed")
    assert second.parent.state is ParentState.PENDING


def test_a_matcher_that_is_not_installed_fails_the_signal_visibly(bench: Bench) -> None:
    chosen = bench.algorithm("x", signal=_listens("other"), pipeline=PipelineChoice(match=("gone",)))
    found = routed(bench, chosen)
    assert (found.outcome, found.runs) == ("failed", ())
    assert "No matcher 'gone' is installed" in (found.reason or "")


def test_an_algorithm_that_cannot_be_asked_stops_no_other_and_is_named(bench: Bench) -> None:
    lost = bench.algorithm("lost", signal=_listens("other"), pipeline=PipelineChoice(match=("gone",)))
    fine = bench.algorithm("fine", signal=_listens("alg"))
    found = routed(bench, lost, fine)
    assert [run.parent.algorithm_id for run in found.runs] == [fine.id]
    assert (found.outcome, found.entries[0].reason) == (None, found.reason)
    assert 'Algorithm "lost" could not be asked' in (found.reason or "")
    assert "tradewire algorithm stop lost" in (found.reason or "")


@pytest.mark.parametrize(
    ("asked", "blueprint"),
    [(None, "market"), (OrderType.MARKET, "market"), (OrderType.LIMIT, "limit")],
)
def test_the_order_type_of_the_message_chooses_the_blueprint(
    bench: Bench, asked: OrderType | None, blueprint: str
) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    parent = routed(bench, algorithm, order_type=asked).runs[0].parent
    assert parent.blueprint == blueprint
    assert parent.state is ParentState.PENDING


def test_an_order_type_that_no_blueprint_works_sends_nothing_instead(bench: Bench) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    parent = routed(bench, algorithm, order_type=OrderType.TRAILING_STOP).runs[0].parent
    assert (parent.state, parent.reason) == (ParentState.BLOCKED, "no_blueprint")
    assert "trailing stop" in (parent.detail or "")


@pytest.mark.parametrize("field", ["stop_loss", "take_profit"])
def test_an_entry_is_not_sent_without_the_protection_it_asks_for(bench: Bench, field: str) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    parent = routed(bench, algorithm, **{field: Protection(percent=Decimal(2))}).runs[0].parent
    assert (parent.state, parent.reason) == (ParentState.BLOCKED, "protection_unsupported")


def test_a_reversal_is_a_close_and_an_opening_next_to_each_other(bench: Bench) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    close, opening = (run.parent for run in routed(bench, algorithm, action=Action.REVERSE).runs)
    assert (close.leg, close.purpose, close.goal) == (0, Purpose.EXIT, Goal.REVERSE)
    assert (opening.leg, opening.purpose, opening.goal) == (1, Purpose.ENTRY, Goal.REVERSE)
    assert {close.id, opening.id} == {ids.parent_id("s", "x", leg) for leg in (0, 1)}


def test_a_target_without_a_position_is_refused(bench: Bench) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    parent = routed(bench, algorithm, action=Action.TARGET).runs[0].parent
    assert (parent.state, parent.reason) == (ParentState.BLOCKED, "no_target")


@pytest.mark.parametrize(
    ("action", "kind"),
    [(Action.EXIT, SizeKind.RISK), (Action.TARGET, SizeKind.PERCENT_OF_POSITION)],
)
def test_a_size_that_says_nothing_for_an_action_is_refused(
    bench: Bench, action: Action, kind: SizeKind
) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    message = {"action": action, "quantity": Decimal(5), "quantity_kind": kind}
    parent = routed(bench, algorithm, **message).runs[0].parent
    assert (parent.state, parent.reason) == (ParentState.BLOCKED, "size_has_no_meaning")


def test_an_exit_has_no_side_and_no_quantity_before_it_is_admitted(bench: Bench) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"))
    parent = routed(bench, algorithm, action=Action.EXIT).runs[0].parent
    assert (parent.purpose, parent.side, parent.quantity) == (Purpose.EXIT, None, None)


def test_an_absent_field_is_the_algorithms(bench: Bench) -> None:
    algorithm = bench.algorithm("x", signal=_listens("alg"), side=Side.SELL, quantity=Decimal(7))
    parent = routed(bench, algorithm).runs[0].parent
    assert (parent.symbol, parent.side, parent.quantity) == ("AAPL", Side.SELL, Decimal(7))


def test_a_signal_is_routed_once_whoever_comes_second(bench: Bench) -> None:
    bench.signal()
    bench.route()
    bench.route()
    assert len(bench.parents()) == 1


def test_a_signal_that_cannot_be_routed_does_not_hold_up_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(plugins: Plugins, signal: SignalFacts, *rest: Any) -> Route:
        if signal.id == "signal-1":
            raise ZeroDivisionError("a defect")
        return route(plugins, signal, *rest)

    monkeypatch.setattr("tradewire.engine.router.route", broken)
    bench.signal()
    second = bench.signal()
    bench.route()
    assert [parent.signal_id for parent in bench.parents()] == [second]
    assert "signal.failed" in bench.kinds()


def _listens(strategy_id: str) -> EntrySignal:
    return EntrySignal(id=strategy_id)
