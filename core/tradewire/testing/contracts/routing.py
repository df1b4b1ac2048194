"""What every matcher and every override keeps to."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

from tradewire.answers import sound
from tradewire.contract.matcher import Matcher, SignalFacts
from tradewire.contract.override import Draft, Override, Skip
from tradewire.domain.message import Action
from tradewire.testing import builders


class MatcherContract:
    """A matcher says yes or no to any signal, and the same twice."""

    matcher: ClassVar[Matcher]

    def test_it_has_a_name(self) -> None:
        assert self.matcher.name.isidentifier()

    def test_it_says_yes_or_no_to_any_signal_and_the_same_twice(self) -> None:
        for signal in _signals():
            answer = self.matcher.matches(signal, builders.algorithm())
            assert isinstance(answer, bool)
            assert self.matcher.matches(signal, builders.algorithm()) is answer


class OverrideContract:
    """An override answers any signal with a sound draft or a skip, and keeps the notes of those before it."""

    override: ClassVar[Override]

    def test_it_has_a_name(self) -> None:
        assert self.override.name.isidentifier()

    def test_it_answers_any_signal_and_the_same_twice(self) -> None:
        for signal in _signals():
            for draft in _drafts(signal):
                answer = sound(self.override.apply(draft, signal, builders.algorithm()), Draft, Skip)
                assert self.override.apply(draft, signal, builders.algorithm()) == answer

    def test_what_it_changes_it_notes(self) -> None:
        for signal in _signals():
            for draft in _drafts(signal):
                answer = self.override.apply(draft, signal, builders.algorithm())
                if isinstance(answer, Draft) and answer != draft:
                    assert len(answer.notes) > len(draft.notes), "a change without a note"

    def test_a_skip_says_why(self) -> None:
        for signal in _signals():
            for draft in _drafts(signal):
                answer = self.override.apply(draft, signal, builders.algorithm())
                if isinstance(answer, Skip):
                    assert answer.reason.replace("_", "").isalnum(), f"{answer.reason!r} is no code"
                    assert answer.message.strip().endswith("."), f"{answer.message!r} is no sentence"


def _signals() -> Iterator[SignalFacts]:
    yield builders.signal()
    yield builders.signal(provider="traderspost", strategy_id="", comment="")
    for action in (Action.BUY, Action.SELL, Action.EXIT, Action.CANCEL):
        yield builders.signal(
            strategy_id="*[?", symbol="NASDAQ:MSFT", action=action, quantity=Decimal("0.001"), comment="x"
        )
    yield builders.signal(limit_price=Decimal(1), stop_price=Decimal(2), price=Decimal("1e-9"))


def _drafts(signal: SignalFacts) -> Iterator[Draft]:
    message = signal.message
    if message.action in (Action.EXIT, Action.CANCEL):
        yield builders.draft(action=message.action, quantity=None)
        return
    yield builders.draft()
    yield builders.draft(
        symbol=message.symbol or "AAPL",
        quantity=message.quantity or Decimal(10),
        limit_price=message.limit_price,
        stop_price=message.stop_price,
    )
