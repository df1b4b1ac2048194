"""Plans of an account and the reports about it wait for each other, for a moment at most."""

import asyncio

import pytest

from tradewire.brokerage import turns as module
from tradewire.brokerage.turns import Turns


async def _in_thread(turns: Turns, done: list[str]) -> None:
    def plan() -> None:
        with turns.planning("a"):
            done.append("plan")

    await asyncio.to_thread(plan)


def test_a_report_waits_for_the_plan_under_way() -> None:
    turns, done = Turns(), []  # type: Turns, list[str]

    async def check() -> None:
        planning = turns.planning("a")
        planning.__enter__()

        async def report() -> None:
            async with turns.reporting("a"):
                done.append("report")

        task = asyncio.create_task(report())
        await asyncio.sleep(0)
        done.append("plan")
        planning.__exit__(None, None, None)
        await task

    asyncio.run(check())
    assert done == ["plan", "report"]


def test_a_plan_waits_for_the_reports_that_came_before() -> None:
    turns, done = Turns(), []  # type: Turns, list[str]

    async def check() -> None:
        async with turns.reporting("a"):
            task = asyncio.create_task(_in_thread(turns, done))
            for _ in range(20):
                await asyncio.sleep(0)
            done.append("report")
        await task

    asyncio.run(check())
    assert done == ["report", "plan"]


def test_what_waited_for_a_plan_goes_before_the_next_plan() -> None:
    turns, done = Turns(), []  # type: Turns, list[str]

    async def check() -> None:
        planning = turns.planning("a")
        planning.__enter__()

        async def report() -> None:
            async with turns.reporting("a"):
                done.append("report")

        task = asyncio.create_task(report())
        await asyncio.sleep(0)
        planning.__exit__(None, None, None)
        await asyncio.gather(task, _in_thread(turns, done))

    asyncio.run(check())
    assert done == ["report", "plan"]


def test_accounts_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    # So long that whoever waits does not come through.
    monkeypatch.setattr(module, "LONGEST_S", 1e6)
    turns = Turns()

    async def check() -> None:
        with turns.planning("a"):
            async with asyncio.timeout(20), turns.reporting("b"):
                pass

    asyncio.run(check())


def test_neither_side_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 0.001)
    turns, done = Turns(), []  # type: Turns, list[str]

    async def check() -> None:
        with turns.planning("a"):
            async with turns.reporting("a"):
                done.append("report")
        async with turns.reporting("a"):
            await _in_thread(turns, done)

    asyncio.run(check())
    assert done == ["report", "plan"]


@pytest.mark.parametrize("is_given", [False, True])
def test_a_report_that_is_given_up_holds_nobody_up(is_given: bool) -> None:
    turns = Turns()

    async def check() -> None:
        planning = turns.planning("a")
        planning.__enter__()
        task = asyncio.create_task(turns._begun("a"))
        await asyncio.sleep(0)
        if is_given:
            planning.__exit__(None, None, None)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if not is_given:
            planning.__exit__(None, None, None)

    asyncio.run(check())
    assert not turns._reporting
    assert not turns._planned


def test_a_plan_that_fails_lets_the_reports_go_on() -> None:
    turns = Turns()

    def failing() -> None:
        with turns.planning("a"):
            raise ValueError("no plan")

    with pytest.raises(ValueError, match="no plan"):
        failing()

    async def check() -> None:
        async with turns.reporting("a"):
            pass

    asyncio.run(check())
    assert not turns._reporting
