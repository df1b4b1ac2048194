"""A database that is away, slow or uncertain: 503 says that nothing was stored, and means it."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from core.ingress.rig import Rig
from core.ingress.troubled import Troubled
from tradewire.contract.authenticator import Attempt, Authenticator, Caller, KeyRing


@pytest.fixture
def troubled(database_url: str) -> Iterator[Rig]:
    rig = Rig(database_url, wrap_store=Troubled)
    yield rig
    rig.store.close()


def store_of(rig: Rig) -> Troubled:
    assert isinstance(rig.store, Troubled)
    return rig.store


def test_a_store_that_is_away_is_503_and_the_resend_runs(troubled: Rig) -> None:
    body = troubled.message()
    store_of(troubled).down = True
    answer = troubled.receive(body)
    assert (answer.status, answer.kind, answer.retry_after_s) == (503, "unavailable", 5)
    assert troubled.signals() == []
    assert troubled.rung == 0
    store_of(troubled).down = False
    assert troubled.receive(body).kind == "accepted"
    assert troubled.rung == 1


def test_a_refusal_stays_a_401_while_the_store_is_away(troubled: Rig) -> None:
    store_of(troubled).down = True
    assert troubled.receive(troubled.message(apiKey="tw_live_nonsense")).status == 401


def test_a_failure_inside_the_transaction_leaves_nothing_behind(
    troubled: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError(f"broken near {troubled.key}")

    store_of(troubled).after_batch = fail
    assert troubled.receive(troubled.message()).status == 503
    assert troubled.signals() == []
    assert "broken near" in caplog.text
    assert troubled.key not in caplog.text
    store_of(troubled).after_batch = lambda: None
    assert troubled.receive(troubled.message()).kind == "accepted"


def test_a_message_whose_turn_comes_too_late_is_given_up_and_never_stored(troubled: Rig) -> None:
    turn = threading.Event()
    store_of(troubled).before_batch = lambda: assert_(turn.wait(20))

    async def scene() -> int:
        late = await troubled.door.receive(troubled.request(troubled.message(), time_left_s=0.01))
        turn.set()
        await troubled.store.write(lambda conn: None)
        return late.status

    assert asyncio.run(scene()) == 503
    assert troubled.signals() == []
    assert troubled.receive(troubled.message()).kind == "accepted"


def test_a_commit_in_doubt_is_503_and_its_resend_a_copy_even_without_a_window(troubled: Rig) -> None:
    troubled.add_algorithm("every", "s1", window_s=0)
    deciding, disk = threading.Event(), threading.Event()

    def stall() -> None:
        deciding.set()
        assert_(disk.wait(20))

    store_of(troubled).after_batch = stall

    async def scene() -> tuple[int, str, str]:
        waiting = asyncio.ensure_future(
            troubled.door.receive(troubled.request(troubled.message(), time_left_s=1.0))
        )
        await asyncio.to_thread(deciding.wait, 20)
        doubtful = await waiting
        disk.set()
        resent = await troubled.door.receive(troubled.request(troubled.message()))
        other = await troubled.door.receive(troubled.request(troubled.message(qty=7)))
        return doubtful.status, resent.kind, other.kind

    assert asyncio.run(scene()) == (503, "duplicate", "accepted")
    assert troubled.statuses() == ["accepted", "duplicate", "accepted"]
    assert troubled.rung == 2


class Failing(Authenticator):
    name = "failing"

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | None:
        raise OSError("the directory server is away")


def test_an_authenticator_that_fails_is_503_and_nothing_is_stored(rig: Rig) -> None:
    rig.plugins.authenticators["failing"] = Failing()
    answer = rig.receive(rig.message())
    assert (answer.status, answer.retry_after_s) == (503, 5)
    assert rig.signals() == []
    del rig.plugins.authenticators["failing"]
    assert rig.receive(rig.message()).kind == "accepted"


def assert_(truth: bool) -> None:
    assert truth
