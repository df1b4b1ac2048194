"""For the tests of plugin authors and our own: a clock, a small world, contracts to inherit from.

| | |
|---|---|
| `FakeClock` | stands still until it is told to move |
| `builders` | one valid object of each kind that a plugin is shown |
| `contracts` | what Tradewire expects of a plugin, as tests to inherit from |
| `load` | a plugin as Tradewire loads it, without installing it |
| `WorkedOrder` | a parent order under a blueprint, with the test as engine and broker |
| `LentEnv`, `MemoryState` | what core lends to a broker's session |
"""

from tradewire.testing import builders, contracts
from tradewire.testing.builders import Keys
from tradewire.testing.clock import FakeClock
from tradewire.testing.lent import LentEnv, MemoryState
from tradewire.testing.loading import load
from tradewire.testing.worked import WorkedOrder

__all__ = ["FakeClock", "Keys", "LentEnv", "MemoryState", "WorkedOrder", "builders", "contracts", "load"]
