"""The venue process's memory: one file, a line for each change, on disk before anybody is told."""

import asyncio
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tradewire import Struct

_NAME = "venue.jsonl"


class Line(Struct):
    """One change of one account; a null deletes the entry."""

    account: str
    entries: dict[str, msgspec.Raw]


class Journal:
    """Entries by account. With a folder they outlive the process; without one they do not.

    Raises `OSError` where the folder is in use by another process or cannot be written.
    """

    def __init__(self, folder: Path | None) -> None:
        self.accounts: dict[str, dict[str, bytes]] = {}
        self._file = -1 if folder is None else self._open(folder)
        self._lock = asyncio.Lock()

    def _open(self, folder: Path) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _NAME
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise OSError(
                f"{path} is in use by another venue process; stop it or name another folder."
            ) from None
        whole = path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        # A kill may leave half of the last line; nobody was told of it.
        os.ftruncate(file, len(kept))
        for number, text in enumerate(kept.splitlines(), start=1):
            try:
                line = msgspec.json.decode(text, type=Line)
            except msgspec.DecodeError as problem:
                raise OSError(f"{path} is damaged at line {number}: {problem}.") from problem
            self._remember(line.account, {key: bytes(value) for key, value in line.entries.items()})
        return file

    async def put(self, account: str, entries: Mapping[str, bytes | None]) -> None:
        """Store all entries at once; they are on disk when it returns."""
        raw = {key: b"null" if value is None else value for key, value in entries.items()}
        if self._file >= 0:
            line = Line(account=account, entries={key: msgspec.Raw(value) for key, value in raw.items()})
            async with self._lock:
                await asyncio.to_thread(self._append, msgspec.json.encode(line) + b"\n")
        self._remember(account, raw)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, line: bytes) -> None:
        length = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError("The disk took only a part of the venue's journal.")
        except OSError:
            os.ftruncate(self._file, length)
            raise
        os.fsync(self._file)

    def _remember(self, account: str, raw: Mapping[str, bytes]) -> None:
        known = self.accounts.setdefault(account, {})
        for key, value in raw.items():
            if value == b"null":
                known.pop(key, None)
            else:
                known[key] = value
