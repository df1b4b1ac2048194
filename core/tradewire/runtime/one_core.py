"""Settling down once everything is loaded: one processor core, and no garbage to be sought in what stays."""

import contextlib
import gc
import os
from pathlib import Path

_PROCESSOR = 36  # of /proc/self/stat, counted behind the process's name

#: A hundred requests under way are some thousand objects, which the default of 700 would go through again and
#: again. Nearly all that is done with is freed without it.
_COLLECTED_AFTER = (20_000, 20, 20)


def settle(one_core: bool) -> None:
    """Call it when the process is ready. Where the system cannot bind threads to a core it leaves them.

    Python runs one thread at a time, whatever the machine has. On several cores its threads wake each other
    across them with every statement and every answer, and that costs more than the work itself; on one core
    whoever runs goes on. What else runs on the machine is moved to the other cores by the system.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
    if one_core and hasattr(os, "sched_setaffinity") and Path("/proc/self/task").exists():
        here = _core()
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                os.sched_setaffinity(int(thread), {here})


def _core() -> int:
    """The core that the main thread was put on last."""
    return int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[_PROCESSOR])
