"""The data folder: everything one Tradewire keeps on disk, for its owner's eyes only."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.runtime.file_lock import FileLock, LockHeld


class Instance(Struct):
    """How to reach the Tradewire that runs on a folder. `token` is as good as the owner's password."""

    pid: int
    url: str
    token: str
    started_at: datetime

    def __repr__(self) -> str:
        return f"Instance(pid={self.pid}, url={self.url!r}, token=…, started_at={self.started_at!r})"


class FolderInUse(Unhonoured):
    """Another Tradewire holds the folder's lock; `pid` is its process, None if it left no number."""

    def __init__(self, folder: Path, held: LockHeld) -> None:
        super().__init__(
            f"A Tradewire is running on {folder} already ({held.who}). Stop it first, or give this one a "
            "folder of its own with --data."
        )
        self.pid = held.pid


class DataFolder:
    """Paths and the lock of one data folder, which is created readable by its owner alone (mode 0700)."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().absolute()

    @property
    def database(self) -> Path:
        return self.path / "tradewire.db"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{quote(str(self.database))}"

    @property
    def key_file(self) -> Path:
        return self.path / "secret.key"

    @property
    def settings_file(self) -> Path:
        return self.path / "tradewire.toml"

    @property
    def calendars(self) -> Path:
        return self.path / "calendars"

    @property
    def instance_file(self) -> Path:
        return self.path / "instance.json"

    def create(self) -> None:
        """Make the folder and what belongs in it.

        Raises `Unhonoured` where that is not possible, and where everybody may write into it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.calendars.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Unhonoured(
                f"The data folder {self.path} cannot be created: {error.strerror}. "
                "Choose another with --data."
            ) from error
        if self.path.stat().st_mode & stat.S_IWOTH:
            raise Unhonoured(
                f"Everybody on this machine may write into the data folder {self.path}, and so put a key or "
                f"a database of their own there. Run: chmod 700 {self.path}, or name a new folder in it."
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; raises `FolderInUse` while another one does.

        The kernel lets go of the lock however the process ends, so a leftover file locks nothing.
        """
        self.create()
        lock = self._lock()
        try:
            lock.take()
        except LockHeld as held:
            raise FolderInUse(self.path, held) from None
        try:
            yield
        finally:
            lock.release()

    def is_in_use(self) -> bool:
        """Whether a running process holds the lock."""
        return self._lock().is_held()

    def announce(self, instance: Instance) -> None:
        """Write how to reach this process; call it with the lock held."""
        write_private(self.instance_file, msgspec.json.encode(instance))

    def withdraw(self) -> None:
        """Remove what `announce` wrote."""
        self.instance_file.unlink(missing_ok=True)

    def running(self) -> Instance | None:
        """The Tradewire that runs on this folder; None if none does, whatever a killed one left behind."""
        if not self.is_in_use():
            return None
        try:
            return msgspec.json.decode(self.instance_file.read_bytes(), type=Instance)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _lock(self) -> FileLock:
        return FileLock(self.path / "lock")


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step by one that only its owner may read (mode 0600), and see it to the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
