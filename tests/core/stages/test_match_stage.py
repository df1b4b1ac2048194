from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Algorithm, SignalFacts, Validity, ValidityKind
from tradewire.domain.algorithm import AlgorithmState
from tradewire.stages.match import EntrySignalMatcher, NearMisses

Algorithms = Callable[..., Algorithm]
Signals = Callable[..., SignalFacts]
IDS = st.text("abAB _1é", min_size=1, max_size=6)


@given(received=IDS, configured=IDS, providers=st.tuples(*[st.sampled_from(["tradingview", "other"])] * 2))
def test_an_algorithm_is_matched_by_provider_and_id_to_the_character(
    algorithm_with: Algorithms,
    signal_with: Signals,
    received: str,
    configured: str,
    providers: tuple[str, str],
) -> None:
    signal = signal_with(provider=providers[0], strategy_id=received)
    algorithm = algorithm_with(entry=configured, provider=providers[1])
    expected = received == configured and providers[0] == providers[1]
    assert EntrySignalMatcher().matches(signal, algorithm) is expected


@given(entries=st.lists(st.sampled_from(["my_strategy_1", "MY_STRATEGY_1", "other"]), max_size=12))
def test_one_signal_concerns_every_algorithm_with_its_id(
    algorithm_with: Algorithms, signal_with: Signals, entries: list[str]
) -> None:
    matcher, signal = EntrySignalMatcher(), signal_with()
    matched = [matcher.matches(signal, algorithm_with(entry=entry)) for entry in entries]
    assert matched.count(True) == entries.count("my_strategy_1")


@pytest.mark.parametrize(
    ("received", "words"),
    [
        ("My_Strategy_1", "upper and lower case count"),
        ("my_strategy_1 ", "spaces count"),
        (" my_strategy_1", "spaces count"),
        ("my_strategy_1\u00a0", "spaces count"),
        (" MY_strategy_1", "in spaces and in upper and lower case"),
        ("my_strategy1", 'Did you mean "my_strategy_1"?'),
        ("my_stratgy_1", 'Did you mean "my_strategy_1"?'),
    ],
)
def test_an_id_that_is_nearly_right_is_named(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime, received: str, words: str
) -> None:
    (sentence,) = NearMisses([algorithm_with()], noon).of(signal_with(strategy_id=received))
    assert words in sentence
    assert '"first"' in sentence


def test_a_stopped_algorithm_is_named_with_its_reason(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    stopped = algorithm_with(state=AlgorithmState.STOPPED, state_reason="Stopped by you.")
    (sentence,) = NearMisses([stopped], noon).of(signal_with())
    assert "it is stopped (Stopped by you). Start it with `tradewire algorithm start first`." in sentence


def test_an_ended_validity_is_named_with_its_end(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    ended = algorithm_with(state=AlgorithmState.STOPPED, valid_until=noon)
    (sentence,) = NearMisses([ended], noon).of(signal_with())
    assert "its validity ended at 2026-03-02T12:00:00.000Z" in sentence


def test_a_validity_that_has_not_begun_is_named_with_its_start(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    window = Validity(
        kind=ValidityKind.WINDOW, start=noon + timedelta(hours=1), end=noon + timedelta(hours=2)
    )
    (sentence,) = NearMisses([algorithm_with(validity=window)], noon).of(signal_with())
    assert "valid only from 2026-03-02T13:00:00.000Z" in sentence


def test_the_same_id_of_another_provider_is_named(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    (sentence,) = NearMisses([algorithm_with(provider="traderspost")], noon).of(signal_with())
    assert "from traderspost, but the message came from tradingview" in sentence


def test_without_any_algorithm_that_is_what_is_said(signal_with: Signals, noon: datetime) -> None:
    assert "no algorithm yet" in NearMisses([], noon).of(signal_with())[0]


def test_an_id_like_no_other_gets_no_guess(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    assert NearMisses([algorithm_with()], noon).of(signal_with(strategy_id="zzz")) == ()


def test_an_algorithm_that_was_asked_is_no_near_miss(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    assert NearMisses([algorithm_with()], noon).of(signal_with()) == ()


def test_at_most_five_sentences_are_given_whatever_the_order(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    many = [algorithm_with(name=f"n{index}", state=AlgorithmState.STOPPED) for index in range(9)]
    sentences = NearMisses(many, noon).of(signal_with())
    assert len(sentences) == 5
    assert sentences == NearMisses(reversed(many), noon).of(signal_with())


def test_signals_of_different_ids_and_providers_are_told_apart(
    algorithm_with: Algorithms, signal_with: Signals, noon: datetime
) -> None:
    misses = NearMisses([algorithm_with()], noon)
    (upper,) = misses.of(signal_with(strategy_id="MY_STRATEGY_1"))
    (spaced,) = misses.of(signal_with(strategy_id="my_strategy_1 "))
    (elsewhere,) = misses.of(signal_with(provider="other"))
    assert "upper and lower case" in upper
    assert "only in spaces" in spaced
    assert "came from other" in elsewhere
    assert misses.of(signal_with(strategy_id="MY_STRATEGY_1")) == (upper,)
