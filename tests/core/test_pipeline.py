"""How the answers of each stage combine, and what becomes of one that fails."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tradewire import (
    Algorithm,
    AssetClass,
    Attempt,
    Authenticator,
    Blueprint,
    Caller,
    Capabilities,
    DedupeClass,
    Denied,
    Draft,
    EntrySignal,
    Instrument,
    InvalidMessage,
    KeyRing,
    Matcher,
    Message,
    Note,
    OrderType,
    Override,
    ParentOrder,
    Parsed,
    Place,
    Plugged,
    Provider,
    Purpose,
    Side,
    SignalFacts,
    Skip,
    Step,
    StepView,
    Validity,
    ValidityKind,
    pipeline,
)
from tradewire.domain.algorithm import PipelineChoice
from tradewire.domain.message import Action
from tradewire.plugins import Plugins

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SIGNAL = SignalFacts(
    id="s",
    provider="tradingview",
    connection="main",
    message=Message(strategy_id="x"),
    received_at=NOW,
    accepted_at=NOW,
)
ATTEMPT = Attempt(provider="tradingview", source="127.0.0.1", key=None, at=NOW)
KEYS: Any = None
DRAFT = Draft(symbol="AAPL", action=Action.BUY, quantity=Decimal(10))
AAPL = Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD")


def algorithm(name: str = "a", **pipeline_choice: tuple[str, ...]) -> Algorithm:
    return Algorithm(
        id=name,
        name=name,
        account_id="acc",
        signal=EntrySignal(id="x"),
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(1),
        blueprint=Plugged(name="market"),
        validity=Validity(kind=ValidityKind.GTC),
        pipeline=PipelineChoice(**pipeline_choice),
        created_at=NOW,
    )


class Says(Authenticator):
    def __init__(self, name: str, answer: object, providers: frozenset[str] = frozenset()) -> None:
        self.name, self.answer, self.providers = name, answer, providers

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]


class Likes(Matcher):
    """Matches the algorithms it names, or raises."""

    def __init__(self, name: str, *liked: str, error: BaseException | None = None) -> None:
        self.name, self.liked, self.error = name, liked, error

    def matches(self, signal: SignalFacts, algorithm: Algorithm) -> bool:
        if self.error is not None:
            raise self.error
        return algorithm.name in self.liked


class Appends(Override):
    """Appends its name to the draft's symbol, or answers something else."""

    def __init__(self, name: str, answer: object = None) -> None:
        self.name, self.answer = name, answer

    def apply(self, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer is not None:
            return self.answer  # type: ignore[return-value]
        return msgspec.structs.replace(draft, symbol=f"{draft.symbol}+{self.name}")


class Steps(Blueprint):
    name = "steps"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def step(self, view: StepView) -> Step:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]


class Parses(Provider):
    name = "mine"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


def plugins_with(**named: list[Any]) -> Plugins:
    plugins = Plugins()
    for stage, added in named.items():
        getattr(plugins, stage).update({one.name: one for one in added})
    return plugins


CALLER = Caller(connection="main", key_id="k")
OTHER = Caller(connection="other", key_id="k2")
DENIED = Denied(kind="revoked", message="Invalid API Key: it was revoked.")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([CALLER, OTHER], CALLER),
        ([None, OTHER], OTHER),
        ([CALLER, DENIED], DENIED),
        ([DENIED, CALLER, None], DENIED),
    ],
)
def test_any_denial_wins_then_the_first_caller(answers: list[object], expected: object) -> None:
    plugins = plugins_with(authenticators=[Says(str(i), one) for i, one in enumerate(answers)])
    assert pipeline.authenticate(plugins, ATTEMPT, KEYS) == expected


@pytest.mark.parametrize("answers", [[], [None, None]])
def test_nobody_who_knows_the_caller_is_a_denial(answers: list[object]) -> None:
    plugins = plugins_with(authenticators=[Says(str(i), one) for i, one in enumerate(answers)])
    answer = pipeline.authenticate(plugins, ATTEMPT, KEYS)
    assert isinstance(answer, Denied)
    assert answer.kind == "no_caller"


def test_an_authenticator_of_another_provider_is_not_asked() -> None:
    elsewhere = Says("elsewhere", DENIED, providers=frozenset({"traderspost"}))
    plugins = plugins_with(authenticators=[elsewhere, Says("here", CALLER)])
    assert pipeline.authenticate(plugins, ATTEMPT, KEYS) == CALLER


def test_a_failing_authenticator_is_named_and_never_read_as_an_answer() -> None:
    plugins = plugins_with(authenticators=[Says("ok", CALLER), Says("bad", ValueError("no ring"))])
    with pytest.raises(pipeline.StageFailed) as failed:
        pipeline.authenticate(plugins, ATTEMPT, KEYS)
    assert str(failed.value) == "The authenticate plugin 'bad' failed with ValueError: no ring"


def test_the_answers_of_an_algorithms_matchers_are_united() -> None:
    plugins = plugins_with(matchers=[Likes("default", "a"), Likes("more", "b"), Likes("unused", "c")])
    algorithms = [algorithm(name, match=("more",)) for name in "abc"]
    assert [one.name for one in pipeline.match(plugins, SIGNAL, algorithms).algorithms] == ["a", "b"]


def test_a_matcher_is_asked_only_for_algorithms_that_chose_it() -> None:
    plugins = plugins_with(matchers=[Likes("default"), Likes("more", "a", "b")])
    algorithms = [algorithm("a"), algorithm("b", match=("more",))]
    assert [one.name for one in pipeline.match(plugins, SIGNAL, algorithms).algorithms] == ["b"]


def test_a_failing_matcher_is_named() -> None:
    plugins = plugins_with(matchers=[Likes("default", error=KeyError("x"))])
    [(name, why)] = pipeline.match(plugins, SIGNAL, [algorithm()]).unasked
    assert name == algorithm().name
    assert why.startswith("The match plugin 'default' failed with KeyError")


def test_a_matcher_that_is_not_installed_keeps_the_signal_from_no_other_algorithm() -> None:
    plugins = plugins_with(matchers=[Likes("default", "b")])
    algorithms = [algorithm("a", match=("gone",)), algorithm("b")]
    matched = pipeline.match(plugins, SIGNAL, algorithms)
    assert [one.name for one in matched.algorithms] == ["b"]
    [(name, why)] = matched.unasked
    assert name == "a"
    assert why.startswith("No matcher 'gone' is installed")


def test_overrides_run_in_the_algorithms_order_and_each_sees_the_last() -> None:
    plugins = plugins_with(overrides=[Appends("second"), Appends("first"), Appends("default")])
    draft = pipeline.override(plugins, DRAFT, SIGNAL, algorithm(override=("first", "second")))
    assert isinstance(draft, Draft)
    assert draft.symbol == "AAPL+default+first+second"


def test_a_change_that_an_override_keeps_to_itself_is_noted_in_its_name() -> None:
    plugins = plugins_with(overrides=[Appends("default"), Appends("quiet")])
    draft = pipeline.override(plugins, DRAFT, SIGNAL, algorithm(override=("quiet",)))
    assert [(note.field, note.used, note.by) for note in draft.notes] == [
        ("symbol", "AAPL+default", "default"),
        ("symbol", "AAPL+default+quiet", "quiet"),
    ]


def test_a_note_is_signed_by_the_override_that_left_it_and_by_no_later_one() -> None:
    note = Note(field="qty", received="10", used="9", why="one less", by="somebody else")
    plugins = plugins_with(
        overrides=[
            Appends("default", msgspec.structs.replace(DRAFT, quantity=Decimal(9), notes=(note,))),
            Appends("forgetful", msgspec.structs.replace(DRAFT, quantity=Decimal(9))),
        ]
    )
    draft = pipeline.override(plugins, DRAFT, SIGNAL, algorithm(override=("forgetful",)))
    assert draft.notes == (msgspec.structs.replace(note, by="default"),)


@pytest.mark.parametrize(("liked", "noted"), [((), "more"), (("a",), None)])
def test_another_matcher_than_the_default_one_is_noted(liked: tuple[str, ...], noted: str | None) -> None:
    plugins = plugins_with(
        matchers=[Likes("default", *liked), Likes("never"), Likes("more", "a")],
        overrides=[Appends("default")],
    )
    draft = pipeline.override(plugins, DRAFT, SIGNAL, algorithm(match=("never", "more")))
    assert next((note.by for note in draft.notes if note.field == pipeline.MATCHED), None) == noted


def test_a_skip_ends_the_chain() -> None:
    skip = Skip(reason="enough", message="No more.")
    plugins = plugins_with(
        overrides=[Appends("default"), Appends("stop", skip), Appends("never", ValueError("asked"))]
    )
    answer = pipeline.override(plugins, DRAFT, SIGNAL, algorithm(override=("stop", "never")))
    assert msgspec.structs.replace(answer, notes=()) == skip


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ValueError("boom"), "failed with ValueError: boom"),
        (SystemExit(1), "failed with SystemExit: 1"),
        ("a draft", "it answered with str instead of Draft or Skip"),
        (msgspec.structs.replace(DRAFT, quantity="ten"), "its Draft is malformed"),
        (msgspec.structs.replace(DRAFT, quantity=Decimal("NaN")), "the number NaN"),
        (msgspec.structs.replace(DRAFT, action="purchase"), "its Draft is malformed"),
        (msgspec.structs.replace(DRAFT, limit_price=Decimal("Infinity")), "the number Infinity"),
    ],
)
def test_an_override_that_fails_or_answers_rubbish_is_named(answer: object, said: str) -> None:
    plugins = plugins_with(overrides=[Appends("default", answer)])
    with pytest.raises(pipeline.StageFailed) as failed:
        pipeline.override(plugins, DRAFT, SIGNAL, algorithm())
    assert str(failed.value).startswith("The override plugin 'default' failed with ")
    assert said in str(failed.value)


def view() -> StepView:
    parent = ParentOrder(
        id="p",
        signal_id="s",
        algorithm_id="a",
        account_id="acc",
        purpose=Purpose.ENTRY,
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        blueprint="steps",
        created_at=NOW,
    )
    able = Capabilities(orders=(), dedupe=DedupeClass.A)
    return StepView(now=NOW, parent=parent, children=(), instrument=AAPL, capabilities=able, params=None)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (RuntimeError("boom"), "failed with RuntimeError: boom"),
        (None, "it answered with NoneType instead of Step"),
        (Step(actions=None), "its Step is malformed"),  # type: ignore[arg-type]
        (Step(actions=("buy",)), "its Step is malformed"),  # type: ignore[arg-type]
        (Step(actions=(Place(quantity=Decimal("NaN"), order_type=OrderType.MARKET),)), "the number NaN"),
        (Step(wake_at=datetime(2026, 3, 2)), "which has no zone"),  # noqa: DTZ001 - that is the point
    ],
)
def test_a_blueprint_that_fails_or_answers_rubbish_is_named(answer: object, said: str) -> None:
    with pytest.raises(pipeline.StageFailed) as failed:
        pipeline.step(plugins_with(blueprints=[Steps(answer)]), "steps", view())
    assert said in str(failed.value)


def test_a_sound_step_comes_back_as_it_was() -> None:
    step = Step(actions=(Place(quantity=Decimal("1.5"), order_type=OrderType.MARKET),), wake_at=NOW)
    assert pipeline.step(plugins_with(blueprints=[Steps(step)]), "steps", view()) == step


def test_what_a_parser_refuses_is_refused_with_its_own_words() -> None:
    refusal = InvalidMessage("qty", "qty must be a number.")
    with pytest.raises(InvalidMessage, match=r"^qty must be a number\.$") as refused:
        pipeline.parse(plugins_with(providers=[Parses(refusal)]), "mine", b"", {})
    assert refused.value is refusal


def test_a_failure_is_logged_with_its_traceback_for_the_plugins_author(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(pipeline.StageFailed):
        pipeline.step(plugins_with(blueprints=[Steps(RuntimeError("boom"))]), "steps", view())
    assert "The blueprint plugin 'steps' failed:" in caplog.text
    assert "Traceback" in caplog.text
    assert "RuntimeError: boom" in caplog.text


def test_a_parser_that_fails_refuses_the_message_without_repeating_the_error() -> None:
    with pytest.raises(InvalidMessage, match=r"^The parser of 'mine' failed: KeyError.$"):
        pipeline.parse(plugins_with(providers=[Parses(KeyError("tw_live_secret"))]), "mine", b"", {})


def test_a_parser_that_ends_the_process_only_refuses_the_message() -> None:
    with pytest.raises(InvalidMessage, match=r"failed: SystemExit\.$"):
        pipeline.parse(plugins_with(providers=[Parses(SystemExit(3))]), "mine", b"", {})


def test_a_parser_that_answers_rubbish_refuses_the_message() -> None:
    with pytest.raises(InvalidMessage, match=r"failed: TypeError\.$"):
        pipeline.parse(plugins_with(providers=[Parses({"symbol": "AAPL"})]), "mine", b"", {})
