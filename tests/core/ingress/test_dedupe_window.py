"""Copies: of the content within a window, of an explicit id for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert

from core.ingress.rig import Rig, Served
from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.message import Message
from tradewire.ingress.accept import Accept
from tradewire.ingress.arrival import Arrival, Outcome, Stored
from tradewire.ingress.claim import Claim
from tradewire.ingress.dedupe import forget_expired
from tradewire.store.schema import connections, dedupe, keys, metadata
from tradewire.testing.clock import FakeClock


def kinds(rig: Rig, gaps: list[float], **fields: object) -> list[str]:
    """What the same message is answered each time, `gaps` seconds apart."""
    answers = []
    for gap in gaps:
        rig.advance(gap)
        answers.append(rig.receive(rig.message(**fields)).kind)
    return answers


def test_fifty_copies_at_once_are_one_signal(served: Served) -> None:
    body = served.rig.message()
    with ThreadPoolExecutor(50) as pool:
        answers = [answer.json() for answer in pool.map(lambda _: served.post(body), range(50))]
    (accepted,) = [answer for answer in answers if answer["status"] == "accepted"]
    copies = [answer for answer in answers if answer["status"] == "duplicate"]
    assert [copy["of"] for copy in copies] == [accepted["id"]] * 49
    assert sorted(served.rig.statuses()) == ["accepted"] + ["duplicate"] * 49
    assert served.rig.rung == 1


def test_four_sends_eight_seconds_apart_are_one_signal(rig: Rig) -> None:
    assert kinds(rig, [0, 8, 8, 8]) == ["accepted", "duplicate", "duplicate", "duplicate"]


def test_the_same_body_a_minute_later_is_a_second_signal(rig: Rig) -> None:
    assert kinds(rig, [0, 60]) == ["accepted", "accepted"]


def test_the_window_ends_at_its_last_moment(rig: Rig) -> None:
    assert kinds(rig, [0, 44.999]) == ["accepted", "duplicate"]
    assert kinds(rig, [0.001]) == ["accepted"]


def test_a_copy_does_not_extend_the_window(rig: Rig) -> None:
    assert kinds(rig, [0, 30, 16]) == ["accepted", "duplicate", "accepted"]


def test_an_explicit_id_counts_for_ever_whatever_the_rest_says(rig: Rig) -> None:
    assert kinds(rig, [0, 86_400 * 400], id="order-7") == ["accepted", "duplicate"]
    assert rig.receive(rig.message(id="order-7", qty=5)).kind == "duplicate"


def test_an_explicit_id_counts_within_its_strategy(rig: Rig) -> None:
    assert rig.receive(rig.message(id="order-7")).kind == "accepted"
    assert rig.receive(rig.message(id="order-7", strategyId="s2")).kind == "accepted"


def test_a_copy_is_known_also_with_a_new_key_of_its_connection(rig: Rig) -> None:
    assert rig.receive(rig.message()).kind == "accepted"
    assert rig.receive(rig.message(apiKey=rig.replace_key("desk"))).kind == "duplicate"


def test_the_same_message_of_two_connections_is_two_wishes(rig: Rig) -> None:
    assert rig.receive(rig.message()).kind == "accepted"
    assert rig.receive(rig.message(apiKey=rig.add_key("desk2"))).kind == "accepted"


def test_a_different_message_is_no_copy(rig: Rig) -> None:
    assert rig.receive(rig.message(qty=1)).kind == "accepted"
    assert rig.receive(rig.message(qty=2)).kind == "accepted"


def test_an_invalid_message_does_not_make_the_right_one_a_copy(rig: Rig) -> None:
    assert kinds(rig, [0, 1], action="hold") == ["invalid", "invalid"]


def test_the_smallest_window_of_the_algorithms_that_listen_counts(rig: Rig) -> None:
    rig.add_algorithm("slow", "s1")
    rig.add_algorithm("quick", "s1", window_s=10)
    rig.add_algorithm("another", "s2", window_s=1)
    assert kinds(rig, [0, 9, 2]) == ["accepted", "duplicate", "accepted"]


def test_a_window_of_zero_switches_the_check_off(rig: Rig) -> None:
    rig.add_algorithm("every", "s1", window_s=0)
    assert kinds(rig, [0, 0, 0]) == ["accepted"] * 3
    assert kinds(rig, [0, 0], strategyId="s2") == ["accepted", "duplicate"]


def test_a_stopped_algorithm_has_no_say_in_the_window(rig: Rig) -> None:
    rig.add_algorithm("stopped", "s1", window_s=0, state=AlgorithmState.STOPPED)
    assert kinds(rig, [0, 0]) == ["accepted", "duplicate"]


def test_a_window_that_cannot_be_read_loses_no_message(rig: Rig) -> None:
    rig.add_algorithm("odd", "s1", window_s="soon")  # type: ignore[arg-type]
    assert kinds(rig, [0, 1]) == ["accepted", "duplicate"]


def test_a_clock_put_back_makes_no_second_signal(rig: Rig) -> None:
    assert isinstance(rig.clock, FakeClock)
    assert rig.receive(rig.message()).kind == "accepted"
    rig.clock.set(rig.clock.now() - timedelta(hours=1))
    assert rig.receive(rig.message()).kind == "duplicate"


def test_housekeeping_forgets_what_nothing_can_be_a_copy_of(rig: Rig) -> None:
    kinds(rig, [0])
    kinds(rig, [0], id="for-ever")
    now = rig.advance(3600)
    assert rig.store.write_now(lambda conn: forget_expired(conn, now)) == 1
    assert [row.expires_at for row in rig.rows_of(dedupe)] == [None]


@pytest.fixture(scope="module")
def accepted() -> "Batches":
    return Batches()


class Batches:
    """`Accept` on a database in memory, for many small histories."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.engine = create_engine("sqlite://")
        self.accept = Accept(self.clock, 45)
        self.made = 0

    def fresh(self) -> None:
        metadata.drop_all(self.engine)
        metadata.create_all(self.engine)
        with self.engine.begin() as conn:
            now = self.clock.now()
            conn.execute(insert(connections).values(name="desk", provider="tradingview", created_at=now))
            conn.execute(
                insert(keys).values(id="key", connection="desk", digest="d", last4="abcd", created_at=now)
            )

    def arrival(self, content: str, for_ever: bool) -> Arrival:
        self.made += 1
        return Arrival(
            id=f"signal-{self.made}",
            provider="tradingview",
            connection="desk",
            key_id="key",
            source="192.0.2.1",
            received_at=self.clock.now(),
            raw=b"{}",
            content_digest=content,
            digest=("id-" if for_ever else "content-") + content,
            for_ever=for_ever,
            message=Message(strategy_id="s1"),
            claim=Claim(),
        )

    def give(self, arrivals: list[Arrival]) -> list[Outcome]:
        with self.engine.begin() as conn:
            return self.accept(conn, arrivals)


history = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=4),
    ),
    max_size=8,
)


@given(history)
def test_any_history_in_any_batches_is_decided_as_one_after_the_other(
    accepted: Batches, batches: list[tuple[int, list[tuple[str, bool]]]]
) -> None:
    accepted.fresh()
    firsts: dict[str, tuple[str, float | None]] = {}
    for gap, messages in batches:
        accepted.clock.advance(gap)
        now = accepted.clock.monotonic()
        arrivals = [accepted.arrival(*message) for message in messages]
        for arrival, outcome in zip(arrivals, accepted.give(arrivals), strict=True):
            first = firsts.get(arrival.digest)
            if first is not None and (first[1] is None or now < first[1]):
                assert outcome == Outcome(stored=Stored.DUPLICATE, of=first[0])
            else:
                assert outcome == Outcome(stored=Stored.ACCEPTED)
                firsts[arrival.digest] = (arrival.id, None if arrival.for_ever else now + 45)
