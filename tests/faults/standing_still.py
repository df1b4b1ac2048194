"""A life whose engine's loop can be made to stand still, as a plugin that blocks makes it."""

import threading
from collections.abc import Mapping
from pathlib import Path

#: For a life of a nursery only: while a file of this name exists, the loop stands still at its next sweep.
VARIABLE = "_STANDS_STILL_WHILE"


def become(environment: Mapping[str, str]) -> None:
    """Look for the file from now on; nothing where the environment names none."""
    if VARIABLE not in environment:
        return
    from tradewire.engine.sweeper import Sweeper
    from tradewire.runtime import health

    health.LONGEST_WAIT_S = 1.0
    file = Path(environment[VARIABLE])
    sweep = Sweeper.once

    async def once(self: Sweeper) -> None:
        while file.exists():  # noqa: ASYNC240 - it is meant to block
            threading.Event().wait(0.05)
        await sweep(self)

    Sweeper.once = once  # type: ignore[method-assign]
