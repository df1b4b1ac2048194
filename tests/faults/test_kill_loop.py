"""The kill loop in small: 30 rounds find nothing; the same rounds of a naive relay find what it does."""

import pytest

from faults import naive
from faults.kill_loop import DOUBLED, LOST, Outcome, run, table
from faults.truth import told
from tradewire.audit.finding import FindingCode
from tradewire.crashpoints import POINTS

ROUNDS = 30
MANY_ROUNDS = 5
#: Each point ends so many lives at least.
HITS = 3


@pytest.mark.timeout(600)
def test_thirty_rounds_lose_nothing_double_nothing_and_leave_no_orphan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = run(ROUNDS, seed=3)
    with capsys.disabled():
        print(f"\n{table(outcome)}")  # noqa: T201 - the figures are what the loop is run for
    assert outcome.ok, findings(outcome)
    assert outcome.rounds == ROUNDS
    assert {point: hits for point in POINTS if (hits := outcome.hits[point]) < HITS} == {}


@pytest.mark.timeout(600)
def test_many_processes_their_database_and_their_message_broker_are_killed_without_harm(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = run(MANY_ROUNDS, seed=4, side_by_side=1, many=True)
    with capsys.disabled():
        print(f"\n{table(outcome)}")  # noqa: T201
    assert outcome.ok, findings(outcome)
    assert outcome.hits.total() >= MANY_ROUNDS
    assert {"postgres", "valkey"} <= set(outcome.killed)


@pytest.mark.timeout(300)
def test_what_is_acknowledged_before_it_is_stored_is_found_as_lost() -> None:
    outcome = run(2, seed=5, side_by_side=1, mode=naive.ACKNOWLEDGES_FIRST, points=["route.committed"])
    assert outcome.count(FindingCode.LOST) > 0, table(outcome)
    assert outcome.count(*DOUBLED) == 0


@pytest.mark.timeout(300)
def test_what_is_sent_again_under_a_new_id_is_found_as_doubled() -> None:
    outcome = run(2, seed=5, side_by_side=1, mode=naive.RESENDS_BLINDLY, points=["submit.stored"])
    assert outcome.count(*DOUBLED) > 0, table(outcome)
    assert outcome.count(*set(LOST) - {FindingCode.UNFINISHED}) == 0


def findings(outcome: Outcome) -> str:
    return "\n".join(told(one.report) for one in outcome.histories)
