"""A parser that hangs costs its own senders a resend, and nobody else anything."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping

import pytest

from core.ingress.rig import Rig
from tradewire import Attempt, Authenticator, Caller, Denied, KeyRing, Message, Parsed, Provider
from tradewire.ingress.answers import Answer, UnavailableBody
from tradewire.ingress.threads import DoorThreads


class Hanging(Provider):
    name = "hanging"

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()

    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        self.entered.set()
        self.released.wait()
        return Parsed(key=None, message=Message(strategy_id="s1"))


class HangingToo(Authenticator):
    name = "hanging_too"

    def __init__(self, released: threading.Event) -> None:
        self.released = released

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        self.released.wait()
        return None


@pytest.fixture
def hanging(rig: Rig) -> Iterator[Hanging]:
    made = Hanging()
    rig.plugins.providers["hanging"] = made
    yield made
    made.released.set()


def reason(answer: Answer) -> str:
    assert answer.status == 503
    assert isinstance(answer.body, UnavailableBody)
    return answer.body.reason


def test_a_parser_that_hangs_is_answered_with_503_and_nothing_is_stored(rig: Rig, hanging: Hanging) -> None:
    answer = rig.receive(rig.message(), provider="hanging")
    assert reason(answer) == "The message could not be read, and nothing was stored; send it again."
    assert rig.signals() == []


def test_others_are_served_while_a_parser_hangs(rig: Rig, hanging: Hanging) -> None:
    async def both() -> list[Answer]:
        stuck = asyncio.ensure_future(rig.door.receive(rig.request(rig.message(), provider="hanging")))
        await asyncio.to_thread(hanging.entered.wait)
        served = await rig.door.receive(rig.request(rig.message()))
        assert not stuck.done()
        return [served, await stuck]

    assert [answer.status for answer in asyncio.run(both())] == [200, 503]


def test_who_came_together_with_one_that_hangs_is_served_before_it_is_given_up(
    rig: Rig, hanging: Hanging
) -> None:
    async def together() -> list[Answer]:
        stuck = asyncio.ensure_future(rig.door.receive(rig.request(rig.message(), provider="hanging")))
        served = asyncio.ensure_future(rig.door.receive(rig.request(rig.message())))
        assert (await served).status == 200
        assert not stuck.done()
        return [await served, await stuck]

    assert [answer.status for answer in asyncio.run(together())] == [200, 503]


def test_more_parsers_that_hang_than_there_are_threads_do_not_close_the_door(
    rig: Rig, hanging: Hanging
) -> None:
    async def all_of_them() -> Answer:
        stuck = [rig.door.receive(rig.request(rig.message(), provider="hanging")) for _ in range(9)]
        assert {answer.status for answer in await asyncio.gather(*stuck)} == {503}
        return await rig.door.receive(rig.request(rig.message()))

    assert asyncio.run(all_of_them()).status == 200


def test_an_authenticator_that_hangs_is_not_blamed_on_the_parser(rig: Rig, hanging: Hanging) -> None:
    rig.plugins.authenticators["hanging_too"] = HangingToo(hanging.released)
    answer = rig.receive(rig.message())
    assert reason(answer) == "The sender could not be checked, and nothing was stored; send it again."


def test_a_thread_that_hangs_does_not_keep_the_process_from_ending() -> None:
    program = (
        "import asyncio, threading\n"
        f"from {DoorThreads.__module__} import DoorThreads\n"
        "async def main():\n"
        "    until = asyncio.get_running_loop().time() + 0.01\n"
        "    try:\n"
        "        await DoorThreads().run(threading.Event().wait, lambda: until)\n"
        "    except TimeoutError:\n"
        "        print('left behind')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "left behind\n")
