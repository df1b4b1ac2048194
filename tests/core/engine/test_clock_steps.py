"""Noticing that the machine's clock was set back."""

from datetime import timedelta

from tradewire.engine.clock_steps import LOOKS, ClockSteps
from tradewire.testing.clock import FakeClock


class SteppingClock(FakeClock):
    """Its time of day can be set; what it counts goes on."""

    step = timedelta(0)

    def now(self):  # type: ignore[no-untyped-def]
        return super().now() + self.step


def test_time_that_passes_is_no_step() -> None:
    clock = SteppingClock()
    steps = ClockSteps(clock)
    for _ in range(3):
        clock.advance(5)
        assert not steps.was_set_back()


def test_a_clock_that_is_set_forward_or_slewed_is_no_step_back() -> None:
    clock = SteppingClock()
    steps = ClockSteps(clock)
    clock.step += timedelta(hours=1)
    assert not steps.was_set_back()
    clock.step -= timedelta(milliseconds=500)
    assert not steps.was_set_back()


def test_a_step_back_is_told_of_by_a_few_looks_and_then_forgotten() -> None:
    clock = SteppingClock()
    steps = ClockSteps(clock)
    clock.step -= timedelta(hours=1)
    assert [steps.was_set_back() for _ in range(LOOKS + 2)] == [True] * LOOKS + [False] * 2
