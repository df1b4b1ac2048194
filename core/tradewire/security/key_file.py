"""The key file on disk: outside the database, readable by its owner only."""

import os
import stat
from pathlib import Path

from tradewire.contract.errors import Unhonoured
from tradewire.security.sealing import Secrets

OWNER_ONLY = 0o600


def create_key_file(path: Path) -> Secrets:
    """New secrets, written to `path` with mode 0600; raises `Unhonoured` where a file is there already."""
    made = Secrets.new()
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    _write(beside, made)
    try:
        # It appears whole or not at all: another process may be waiting for it.
        os.link(beside, path)
    except FileExistsError:
        raise Unhonoured(f"{path} exists already; a key file is never overwritten.") from None
    finally:
        beside.unlink()
    _sync_folder(path.parent)
    return made


def load_key_file(path: Path) -> Secrets:
    """The secrets in `path`.

    Raises `Unhonoured` where it is missing, damaged, or open to others than its owner.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise Unhonoured(f"There is no key file at {path}; put its copy back there.") from None
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise Unhonoured(
                f"The key file {path} can be read or changed by others than its owner (mode {mode:04o}). "
                f"Run: chmod 600 {path}"
            )
        return Secrets.from_bytes(file.read())


def replace_key_file(path: Path, new: Secrets) -> None:
    """Put `new` in place of the file at `path` in one step, so that a crash leaves the old or the new one."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    _write(beside, new)
    beside.replace(path)
    _sync_folder(path.parent)


def _write(path: Path, content: Secrets) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        # The umask may have taken bits away, never added any; a file system may have ignored the mode.
        os.fchmod(file.fileno(), OWNER_ONLY)
        file.write(content.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
