"""For the tests of plugin authors and our own."""

from tradewire.testing.clock import FakeClock

__all__ = ["FakeClock"]
