"""A file by which one process at a time holds something, for as long as it lives."""

import contextlib
import fcntl
import os
from pathlib import Path

# The lock is emptied once it is held: not whatever a link of its name points to.
_OPENED = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class LockHeld(Exception):
    """Another process holds it; `pid` is its, None if it left no number."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(pid)
        self.pid = pid

    @property
    def who(self) -> str:
        return "another process" if self.pid is None else f"process {self.pid}"


class FileLock:
    """The kernel lets go of it however the process ends, so a leftover file locks nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> None:
        """Hold it for this process; raises `LockHeld` while another one does, and `OSError`."""
        handle = os.open(self._path, _OPENED, 0o600)
        try:
            if not _take(handle):
                raise LockHeld(_pid(handle))
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def is_held(self) -> bool:
        """Whether a running process holds it."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _granted(handle, fcntl.LOCK_SH)
        finally:
            os.close(handle)


def _take(handle: int) -> bool:
    # `is_held` holds a shared lock for a moment; only an exclusive one is another Tradewire.
    for _ in range(1_000):
        if _granted(handle, fcntl.LOCK_EX):
            return True
        if not _granted(handle, fcntl.LOCK_SH):
            return False
    return False


def _granted(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(handle: int) -> int | None:
    with contextlib.suppress(ValueError):
        return int(os.pread(handle, 20, 0))
    return None
