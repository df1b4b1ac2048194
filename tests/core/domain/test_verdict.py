from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewire import Decision, Verdict, allow, block, not_applicable
from tradewire.domain.verdict import combine

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def trim(quantity):
    return Verdict(decision=Decision.TRIM, reason="trim", message="Trimmed.", quantity=quantity)


def delay(seconds):
    until = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Verdict(decision=Decision.DELAY, reason="delay", message="Later.", until=until)


verdicts = st.lists(
    st.one_of(
        st.just(allow("ok", "Fine.")),
        st.just(not_applicable("na", "Not asked.")),
        st.builds(block, st.sampled_from(["a", "b"]), st.just("No.")),
        st.builds(trim, st.integers(0, 20).map(Decimal)),
        st.builds(delay, st.one_of(st.none(), st.integers(0, 100))),
    ),
    min_size=1,
    max_size=8,
)


@given(asked=verdicts, data=st.data())
def test_the_outcome_does_not_depend_on_the_order_of_the_verdicts(asked, data):
    shuffled = data.draw(st.permutations(asked))
    one, other = combine(asked, Decimal(10)), combine(shuffled, Decimal(10))
    assert (one.decision, one.quantity, one.until) == (other.decision, other.quantity, other.until)


@given(asked=verdicts)
def test_a_single_block_blocks(asked):
    blocked = any(verdict.decision is Decision.BLOCK for verdict in asked)
    assert (combine(asked, Decimal(10)).decision is Decision.BLOCK) == blocked


@given(asked=verdicts, more=verdicts)
def test_further_verdicts_never_loosen_the_outcome(asked, more):
    strictness = [Decision.ALLOW, Decision.TRIM, Decision.DELAY, Decision.BLOCK]
    before, after = combine(asked, Decimal(10)), combine(asked + more, Decimal(10))
    assert strictness.index(after.decision) >= strictness.index(before.decision)
    if before.decision is after.decision is Decision.TRIM:
        assert after.quantity is not None
        assert before.quantity is not None
        assert after.quantity <= before.quantity


@given(asked=verdicts)
def test_a_trim_never_lets_more_through_than_was_asked_for(asked):
    outcome = combine(asked, Decimal(10))
    if outcome.decision is Decision.TRIM:
        assert outcome.quantity is not None
        assert 0 <= outcome.quantity < 10


def test_of_several_trims_the_smallest_holds_and_of_several_delays_the_latest():
    assert combine([trim(Decimal(7)), trim(Decimal(3)), allow("ok", "Fine.")], Decimal(10)).quantity == 3
    assert combine([delay(5), delay(60), trim(Decimal(3))], Decimal(10)).until == NOW + timedelta(seconds=60)


def test_a_delay_without_an_end_is_the_longest():
    assert combine([delay(5), delay(None)], Decimal(10)).until is None
    assert combine([delay(None), delay(None)], Decimal(10)).until is None


def test_nobody_asked_is_a_block():
    assert combine([], Decimal(10)).reason == "not_judged"
