"""How a command on the same folder finds a `tradewire serve`, which holds no lock."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tradewire.runtime.folder import DataFolder

_BEGINNING = "serve-"
_ANSWERS_WITHIN_S = 1.0


class Serving:
    """This process's own note in the folder: a file `serve-PID.url` for its owner alone."""

    def __init__(self, folder: "DataFolder") -> None:
        self._folder = folder
        self._file = folder.path / f"{_BEGINNING}{os.getpid()}.url"

    def announce(self, url: str) -> None:
        """Write where it listens; what processes that were killed left behind is cleared away."""
        from tradewire.runtime.folder import write_private

        for file in _notes(self._folder):
            if not _answers(_url(file)):
                file.unlink(missing_ok=True)
        write_private(self._file, url.encode())

    def withdraw(self) -> None:
        self._file.unlink(missing_ok=True)


@contextmanager
def announcing(folder: "DataFolder") -> Iterator[Serving]:
    """A note that is gone with the block."""
    note = Serving(folder)
    try:
        yield note
    finally:
        note.withdraw()


def serving_on(folder: "DataFolder") -> str | None:
    """The address of one that listens; None where none does, whatever a killed one left behind."""
    return next((url for url in map(_url, _notes(folder)) if _answers(url)), None)


def _notes(folder: "DataFolder") -> list[Path]:
    return sorted(folder.path.glob(f"{_BEGINNING}*.url"))


def _url(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        return False
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=_ANSWERS_WITHIN_S).close()
    except OSError:
        return False
    return True
