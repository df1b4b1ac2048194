"""`tradewire backup`: everything in one file, from a running Tradewire or a stopped one."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.ask import hidden, is_interactive
from tradewire.cli.client import connect
from tradewire.cli.configured import settings_of
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.progress import counting

if TYPE_CHECKING:
    from tradewire.services.backup.archive import BackupManifest

_PATIENCE_S = 5.0


def register(app: App) -> None:
    app.command(backup)


def backup(
    file: Annotated[
        Path | None, Parameter(help="Where to; tradewire-backup-<time>.zip here by default.")
    ] = None,
    /,
    *,
    with_key: Annotated[
        bool, Parameter(negative="", help="Put the key file in, encrypted by a passphrase that is asked for.")
    ] = False,
    common: Common = DEFAULT,
) -> None:
    """A consistent copy of everything in the database; Tradewire may run meanwhile."""
    from tradewire.runtime.clock import SystemClock

    target = file or Path(f"tradewire-backup-{SystemClock().now():%Y%m%d-%H%M%SZ}.zip")
    if target.exists():
        raise Stop(Exit.REFUSED, f"{target} exists already; a backup overwrites nothing.")
    sealed = _sealed_key(common) if with_key else None
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _private(draft) as out:
            _write(common, out)
        if sealed is not None:
            _add_key(draft, sealed)
        manifest = _verified(draft)
        _put_in_place(draft, target)
    except OSError as error:
        raise Stop(Exit.REFUSED, f"The backup {target} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    _tell(common, target, manifest, with_key)


def _write(common: Common, out: IO[bytes]) -> None:
    """Stream it from the Tradewire that runs; where none does, write it with the folder's lock held."""
    from tradewire.runtime.folder import DataFolder, FolderInUse

    deadline = time.monotonic() + _PATIENCE_S
    while common.url is None and DataFolder(common.data).running() is None:
        try:
            _write_stopped(common, out)
        except FolderInUse as busy:
            if time.monotonic() > deadline:
                raise Stop(Exit.UNREACHABLE, str(busy)) from busy
            time.sleep(0.1)
            continue
        return
    with connect(common) as api, counting("Backing up", "bytes") as advance:
        for piece in api.post_stream("/backup"):
            out.write(piece)
            advance(len(piece))


def _write_stopped(common: Common, out: IO[bytes]) -> None:
    import asyncio

    from tradewire.cli.in_process import open_services
    from tradewire.runtime.folder import DataFolder

    with open_services(DataFolder(common.data)) as services, counting("Backing up", "rows") as advance:
        asyncio.run(services.backup.write(out, advance))


@contextmanager
def _private(draft: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner alone, on the disk once the block ends."""
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w+b") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def _sealed_key(common: Common) -> bytes:
    from tradewire.runtime.core import key_file_of
    from tradewire.runtime.folder import DataFolder
    from tradewire.security.key_file import load_key_file
    from tradewire.services.backup.key import MIN_LENGTH, seal_key_file

    if common.url is not None:
        raise Stop(Exit.USAGE, "--with-key works on the machine of the key file only; leave --url out.")
    folder = DataFolder(common.data)
    content = load_key_file(key_file_of(folder, settings_of(folder))).to_bytes()
    passphrase = hidden(f"A passphrase for the key file ({MIN_LENGTH} characters or more): ")
    if is_interactive() and hidden("Once more: ") != passphrase:
        raise Stop(Exit.USAGE, "The two passphrases differ; nothing was written.")
    return seal_key_file(content, passphrase)


def _add_key(draft: Path, sealed: bytes) -> None:
    import zipfile

    from tradewire.services.backup.archive import SEALED_KEY

    with zipfile.ZipFile(draft, "a") as archive:
        archive.writestr(SEALED_KEY, sealed)
    handle = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _verified(draft: Path) -> "BackupManifest":
    """The backup as it is read back from the disk."""
    from tradewire.services.backup.reading import open_archive

    with open_archive(draft) as archive:
        total = archive.manifest.rows
        with counting("Checking", "rows", total) as advance:
            archive.verify(advance)
        return archive.manifest


def _put_in_place(draft: Path, target: Path) -> None:
    """Give it its name, unless somebody else took that meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise Stop(Exit.REFUSED, f"{target} exists already; a backup overwrites nothing.") from None
    except OSError:
        # A file system without hard links.
        draft.rename(target)
    folder = os.open(target.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _tell(common: Common, target: Path, manifest: "BackupManifest", with_key: bool) -> None:
    size = target.stat().st_size
    if common.json:
        told = {
            "file": str(target),
            "bytes": size,
            "rows": manifest.rows,
            "made_at": manifest.made_at,
            "entry": manifest.number,
            "key": with_key,
        }
        screen.print_json(msgspec.json.encode(told))
        return
    say: Callable[[str], int] = sys.stdout.write
    say(f"The backup is in {target} ({size:,} bytes, {manifest.rows:,} rows; checked).\n")
    if with_key:
        say("It holds the key file, encrypted: without the passphrase nobody can open it, you neither.\n")
    else:
        say(
            "It does not hold the key file (secret.key). Keep a copy of that apart from it: without the key\n"
        )
        say("file, credentials and webhook keys cannot be opened again.\n")
    say("The settings (tradewire.toml) are not in it either.\n")
