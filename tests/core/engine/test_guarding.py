"""Whatever a guardian does instead of answering, it denies; and it denies for itself alone."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import (
    Algorithm,
    AssetClass,
    Decision,
    EntrySignal,
    Exposure,
    GuardedOrder,
    Guardian,
    GuardView,
    Instrument,
    Message,
    Need,
    OrderType,
    Plugged,
    Purpose,
    Scope,
    Side,
    Validity,
    ValidityKind,
    Verdict,
    allow,
    block,
)
from tradewire.domain.verdict import combine
from tradewire.engine.guarding import MANDATORY, SCOPES, Asked, Judge, who_is_asked
from tradewire.plugins import Plugins

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ORDER = GuardedOrder(
    parent_id="p",
    account_id="acc",
    purpose=Purpose.ENTRY,
    symbol="AAPL",
    instrument=Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD"),
    side=Side.BUY,
    quantity=Decimal(10),
    order_type=OrderType.MARKET,
)
VIEW = GuardView(
    now=NOW,
    scope=Scope.ALGORITHM,
    params=None,
    algorithm=Algorithm(
        id="a",
        name="a",
        account_id="acc",
        signal=EntrySignal(id="x"),
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        blueprint=Plugged(name="market"),
        validity=Validity(kind=ValidityKind.GTC),
        created_at=NOW,
    ),
    message=Message(strategy_id="x"),
    received_at=NOW,
    exposure=Exposure(instrument_id="AAPL"),
)
VIEWS = {scope: msgspec.structs.replace(VIEW, scope=scope) for scope in SCOPES}
YES = allow("fine", "It is fine.")
#: Long enough for any answer, short enough to wait for once.
DEADLINE_S = 0.25


class Answers(Guardian):
    """Gives one answer, whatever the type says; raises it if it is an exception."""

    scopes = frozenset(Scope)

    def __init__(self, name: str, answer: Any = YES, live: bool = False) -> None:
        self.name, self.answer = name, answer
        type(self).live = live

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


class LimitParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    most: int = 5


class WithParams(Guardian):
    name = "with_params"
    scopes = frozenset({Scope.ALGORITHM})
    Params = LimitParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        return allow("most", f"At most {view.params.most}.")


class Hangs(Guardian):
    """Answers only once `go_on` is set."""

    name = "hangs"
    scopes = frozenset(Scope)
    always = frozenset({Scope.ALGORITHM})

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        self.go_on.wait()
        return YES


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


@pytest.fixture
def hangs() -> Iterator[Hangs]:
    guardian = Hangs()
    yield guardian
    guardian.go_on.set()


def plugins_with(*guardians: Guardian) -> Plugins:
    plugins = Plugins()
    plugins.guardians = {one.name: one for one in guardians}
    return plugins


def ask(*guardians: Guardian, names: tuple[str, ...] = (), **options: Any) -> tuple[Verdict, ...]:
    plugins = plugins_with(*guardians)
    asked = [Asked(name=name, scope=Scope.ALGORITHM) for name in names or [one.name for one in guardians]]
    return Judge(plugins, DEADLINE_S).judge(ORDER, VIEWS, asked, **options)


def test_every_guardian_is_asked_and_named_even_after_one_has_denied() -> None:
    verdicts = ask(Answers("a"), Answers("b", block("no", "No.")), Answers("c"))
    assert [(one.guardian, one.decision) for one in verdicts] == [
        ("a", Decision.ALLOW),
        ("b", Decision.BLOCK),
        ("c", Decision.ALLOW),
    ]
    assert combine(verdicts, ORDER.quantity).reason == "no"


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(3), KeyboardInterrupt(), Unprintable()])
def test_a_guardian_that_raises_denies(error: BaseException) -> None:
    first, second = ask(Answers("bad", error), Answers("good"))
    assert (first.decision, first.reason) == (Decision.BLOCK, "guardian_failed")
    assert type(error).__name__ in first.message
    assert second.decision is Decision.ALLOW


@pytest.mark.parametrize(
    "rubbish",
    [
        None,
        True,
        "allow",
        {"decision": "allow"},
        Verdict(decision="nonsense", reason="r", message="m"),  # type: ignore[arg-type]
        Verdict(decision=Decision.ALLOW, reason=None, message="m"),  # type: ignore[arg-type]
        Verdict(decision=Decision.TRIM, reason="r", message="m"),
        Verdict(decision=Decision.TRIM, reason="r", message="m", quantity=Decimal("NaN")),
        Verdict(decision=Decision.TRIM, reason="r", message="m", quantity=Decimal(-1)),
        Verdict(decision=Decision.DELAY, reason="r", message="m"),
        Verdict(decision=Decision.DELAY, reason="r", message="m", until=datetime(2026, 3, 2)),  # noqa: DTZ001
    ],
)
def test_a_guardian_that_answers_rubbish_denies(rubbish: object) -> None:
    first, second = ask(Answers("bad", rubbish), Answers("good"))
    assert (first.decision, first.reason) == (Decision.BLOCK, "guardian_answer")
    assert second.decision is Decision.ALLOW


def test_a_denial_written_as_text_is_a_denial_all_the_same() -> None:
    (verdict,) = ask(Answers("bad", Verdict(decision="block", reason="r", message="m")))  # type: ignore[arg-type]
    assert verdict.decision is Decision.BLOCK


def test_a_guardian_that_hangs_denies_and_is_quarantined_and_the_others_are_still_asked(
    hangs: Hangs,
) -> None:
    plugins = plugins_with(Answers("before"), hangs, Answers("after", block("no", "No.")))
    asked = [Asked(name=name, scope=Scope.ALGORITHM) for name in ("before", "hangs", "after")]
    verdicts = Judge(plugins, DEADLINE_S).judge(ORDER, VIEWS, asked)
    assert [one.reason for one in verdicts] == ["fine", "guardian_overdue", "no"]
    assert verdicts[1].decision is Decision.BLOCK
    assert "longer than 250 ms" in plugins.quarantined["hangs"]
    assert "hangs" not in plugins.guardians


def test_a_quarantined_guardian_denies_every_later_order_though_nobody_configured_it(hangs: Hangs) -> None:
    plugins = plugins_with(hangs)
    plugins.quarantine_guardian("hangs", "it took longer than 250 ms")
    verdicts = Judge(plugins, DEADLINE_S).judge(ORDER, VIEWS, who_is_asked(plugins, {}))
    (of_it,) = [one for one in verdicts if one.guardian == "hangs"]
    assert (of_it.decision, of_it.reason) == (Decision.BLOCK, "guardian_missing")
    assert "250 ms" in of_it.message


def test_an_answer_after_the_deadline_changes_nothing(hangs: Hangs) -> None:
    plugins = plugins_with(hangs)
    judge = Judge(plugins, DEADLINE_S)
    verdicts = judge.judge(ORDER, VIEWS, [Asked(name="hangs", scope=Scope.GLOBAL)])
    hangs.go_on.set()
    assert [one.reason for one in verdicts] == ["guardian_overdue"]


def test_several_that_hang_are_all_left_behind(hangs: Hangs) -> None:
    other = Hangs()
    other.name = "too"
    plugins = plugins_with(hangs, other, Answers("good"))
    asked = [Asked(name=name, scope=Scope.ALGORITHM) for name in ("hangs", "too", "good")]
    verdicts = Judge(plugins, DEADLINE_S).judge(ORDER, VIEWS, asked)
    other.go_on.set()
    assert [one.reason for one in verdicts] == ["guardian_overdue", "guardian_overdue", "fine"]
    assert plugins.quarantined.keys() == {"hangs", "too"}


def test_many_orders_are_judged_at_once_and_no_guardian_is_taken_for_late() -> None:
    plugins = plugins_with(*(Answers(str(number)) for number in range(20)))
    judge = Judge(plugins, deadline_s=30.0)
    asked = [Asked(name=name, scope=Scope.ALGORITHM) for name in plugins.guardians]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(judge.judge(ORDER, VIEWS, asked))))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20] * 16
    assert plugins.quarantined == {}


@pytest.mark.parametrize("params", [{"most": "many"}, {"least": 1}, {"most": None}])
def test_parameters_that_cannot_be_read_deny(params: dict[str, Any]) -> None:
    plugins = plugins_with(WithParams())
    asked = [Asked(name="with_params", scope=Scope.ALGORITHM, params=params)]
    (verdict,) = Judge(plugins, DEADLINE_S).judge(ORDER, VIEWS, asked)
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "guardian_failed")


def test_a_guardian_sees_its_own_parameters() -> None:
    plugins = plugins_with(WithParams())
    asked = [Asked(name="with_params", scope=Scope.ALGORITHM, params={"most": most}) for most in (7, 8)]
    verdicts = Judge(plugins, DEADLINE_S).judge(ORDER, VIEWS, asked)
    assert [one.message for one in verdicts] == ["At most 7.", "At most 8."]


class Scribbles(Guardian):
    """Raises every limit in the algorithm it is shown."""

    name = "a_scribbler"
    scopes = frozenset({Scope.ALGORITHM})

    def needs(self, params: Any) -> frozenset[Need]:
        raise SystemExit("no need")

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        for one in view.algorithm.guardians:
            one.params["most"] = 1_000_000
        return YES


def test_a_guardian_that_writes_into_the_algorithm_raises_nobodys_limit() -> None:
    limit = Plugged(name="with_params", params={"most": 7})
    algorithm = msgspec.structs.replace(
        VIEW.algorithm, guardians=(Plugged(name="a_scribbler", params={}), limit)
    )
    views = {scope: msgspec.structs.replace(view, algorithm=algorithm) for scope, view in VIEWS.items()}
    asked = [
        Asked(name=one.name, scope=Scope.ALGORITHM, params=one.params if one is limit else None)
        for one in algorithm.guardians
    ]
    judge = Judge(plugins_with(Scribbles(), WithParams()), DEADLINE_S)
    for _ in range(2):
        scribbler, with_limit = judge.judge(ORDER, views, asked)
        assert scribbler.decision is Decision.ALLOW
        assert with_limit.message == "At most 7."
    assert limit.params == {"most": 7}


def test_what_a_guardian_raises_when_asked_for_its_needs_ends_nothing() -> None:
    judge = Judge(plugins_with(Scribbles()), DEADLINE_S)
    assert not judge.needs(Asked(name="a_scribbler", scope=Scope.ALGORITHM), Need.QUOTE)


def test_a_guardian_that_is_not_installed_denies() -> None:
    (verdict,) = ask(names=("gone",))
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "guardian_missing")
    assert "it is not installed" in verdict.message


def test_a_guardian_asked_in_a_scope_that_is_not_its_own_denies() -> None:
    plugins = plugins_with(WithParams())
    (verdict,) = Judge(plugins, DEADLINE_S).judge(
        ORDER, VIEWS, [Asked(name="with_params", scope=Scope.GLOBAL)]
    )
    assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "guardian_scope")


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity"])
def test_a_quantity_that_is_no_number_above_zero_is_denied_before_anybody_is_asked(quantity: str) -> None:
    order = msgspec.structs.replace(ORDER, quantity=Decimal(quantity))
    verdicts = Judge(Plugins(), DEADLINE_S).judge(order, VIEWS, [])
    assert [one.reason for one in verdicts] == ["bad_quantity"]


def test_without_any_plugin_every_mandatory_guardian_denies_in_each_of_its_scopes() -> None:
    asked = who_is_asked(Plugins(), {})
    verdicts = Judge(Plugins(), DEADLINE_S).judge(ORDER, VIEWS, asked)
    expected = {(name, scope) for name, scopes in MANDATORY.items() for scope in scopes}
    assert {(one.guardian, one.scope) for one in verdicts} == expected
    assert {one.decision for one in verdicts} == {Decision.BLOCK}


def test_nobody_asked_is_a_denial() -> None:
    assert combine((), ORDER.quantity).reason == "not_judged"


def test_scopes_are_asked_in_order_and_the_mandatory_first_in_each() -> None:
    plugins = plugins_with(WithParams())
    configured = {scope: [Plugged(name="mine"), Plugged(name="kill_switch")] for scope in SCOPES}
    asked = who_is_asked(plugins, configured)
    assert list(dict.fromkeys(one.scope for one in asked)) == list(SCOPES)
    for scope in SCOPES:
        names = [one.name for one in asked if one.scope is scope]
        assert names[0] == "kill_switch"
        assert names[-1] == "mine"


def test_a_guardian_configured_twice_is_asked_twice() -> None:
    twice = [Plugged(name="mine", params={"most": 1}), Plugged(name="mine", params={"most": 2})]
    asked = [one for one in who_is_asked(Plugins(), {Scope.ACCOUNT: twice}) if one.name == "mine"]
    assert [one.params for one in asked] == [{"most": 1}, {"most": 2}]


def test_before_a_child_only_live_guardians_are_asked() -> None:
    class Live(Answers):
        pass

    verdicts = ask(Answers("once"), Live("live", live=True), live_only=True)
    assert [one.guardian for one in verdicts] == ["live"]


def test_before_a_child_a_guardian_that_is_missing_denies() -> None:
    (verdict,) = ask(names=("gone",), live_only=True)
    assert verdict.reason == "guardian_missing"


verdicts_of_others = st.lists(
    st.one_of(
        st.just(YES),
        st.builds(
            lambda until: Verdict(decision=Decision.DELAY, reason="later", message="", until=until),
            st.datetimes(timezones=st.just(UTC)),
        ),
        st.builds(
            lambda quantity: Verdict(
                decision=Decision.TRIM, reason="less", message="", quantity=Decimal(quantity)
            ),
            st.integers(0, 20),
        ),
        st.just(block("no", "No.")),
    ),
    min_size=1,
)
_SEVERITY = (Decision.ALLOW, Decision.TRIM, Decision.DELAY, Decision.BLOCK)


@given(before=verdicts_of_others, more=verdicts_of_others)
def test_a_plugin_can_add_a_denial_and_never_remove_one(before: list[Verdict], more: list[Verdict]) -> None:
    alone, together = combine(before, Decimal(10)), combine([*before, *more], Decimal(10))
    assert _SEVERITY.index(together.decision) >= _SEVERITY.index(alone.decision)
    if alone.decision is together.decision is Decision.TRIM:
        assert (together.quantity or 0) <= (alone.quantity or 0)
    if alone.decision is together.decision is Decision.DELAY:
        assert together.until is not None
        assert alone.until is not None
        assert together.until >= alone.until
