import pytest


class SteppedClock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> None:
        raise AssertionError("a lock-out must not depend on the wall clock")


@pytest.fixture
def stepped_clock() -> SteppedClock:
    return SteppedClock()
