"""What takes long to make, made by one of the processes of a run (`pytest -n 3`) and used by all."""

import fcntl
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


class Shared:
    """Lies in a folder that all processes of the run see; whoever needs a thing first makes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def made(self, name: str, make: Callable[[Path], Made]) -> Made:
        """What `make` returned for a folder of its own, here or elsewhere; after a failure the next tries."""
        answer = self._folder / f"shared-{name}.pickle"
        with (self._folder / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not answer.exists():
                made_in = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder))
                answer.write_bytes(pickle.dumps(make(made_in)))
            made: Made = pickle.loads(answer.read_bytes())
        return made
