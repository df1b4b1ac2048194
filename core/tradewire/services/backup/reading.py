"""Reading a backup: nothing of it is believed before its checksums hold."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.services.backup.archive import FORMAT, MANIFEST, SEALED_KEY, BackupManifest, TableEntry
from tradewire.services.backup.columns import KINDS, row_type
from tradewire.services.backup.writing import Progress

_BLOCK = 1_000
#: What `zipfile` raises for a member that is damaged, encrypted, or packed in a way that it does not know.
_UNREADABLE = (KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Archive:
    """An opened backup."""

    def __init__(self, path: Path, file: zipfile.ZipFile, manifest: BackupManifest) -> None:
        self._path = path
        self._file = file
        self.manifest = manifest

    @property
    def sealed_key(self) -> bytes | None:
        """The encrypted key file, where the backup holds it."""
        return self._file.read(SEALED_KEY) if SEALED_KEY in self._file.namelist() else None

    def verify(self, progress: Progress | None = None) -> None:
        """Go through all of it; raises `Unhonoured` where a checksum, a count or a value does not hold."""
        for entry in self.manifest.tables:
            for block in self.blocks(entry):
                if progress is not None:
                    progress(len(block))

    def blocks(self, entry: TableEntry) -> Iterator[Sequence[tuple[Any, ...]]]:
        """A table's rows. `Unhonoured` at the end, at the latest, where they are not what was written."""
        decode = msgspec.json.Decoder(row_type(entry.columns)).decode
        digest, count = sha256(), 0
        block: list[tuple[Any, ...]] = []
        try:
            with self._file.open(entry.member) as lines:
                for line in lines:
                    digest.update(line)
                    block.append(decode(line))
                    count += 1
                    if len(block) == _BLOCK:
                        yield block
                        block = []
        except (*_UNREADABLE, msgspec.MsgspecError) as error:
            raise self._damaged(entry, str(error)) from error
        if block:
            yield block
        if count != entry.rows or digest.hexdigest() != entry.sha256:
            raise self._damaged(entry, "its checksum does not hold")

    def _damaged(self, entry: TableEntry, why: str) -> Unhonoured:
        return Unhonoured(
            f"The backup {self._path} is damaged in the table {entry.name} ({why}). Nothing was restored; "
            "take another copy of it, or an older backup."
        )


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a backup; raises `Unhonoured` for what is none, is cut short, or is of a newer Tradewire."""
    try:
        file = zipfile.ZipFile(path)
    except OSError as error:
        raise Unhonoured(f"The backup {path} cannot be read: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise Unhonoured(
            f"{path} is not a backup of Tradewire, or its end is missing: it was not copied whole."
        ) from error
    with file:
        yield Archive(path, file, _manifest(path, file))


def _manifest(path: Path, file: zipfile.ZipFile) -> BackupManifest:
    try:
        content = file.read(MANIFEST)
        form = msgspec.json.decode(content, type=_Format).format
        if form > FORMAT:
            raise Unhonoured(
                f"The backup {path} was made by a newer Tradewire (its format is {form}, this one reads "
                f"up to {FORMAT}). Install that one to restore it."
            )
        manifest = msgspec.json.decode(content, type=BackupManifest)
    except (*_UNREADABLE, msgspec.MsgspecError) as error:
        raise Unhonoured(
            f"{path} is not a backup of Tradewire: it has no manifest that can be read."
        ) from error
    unknown = {one.kind for table in manifest.tables for one in table.columns} - KINDS.keys()
    if unknown:
        raise Unhonoured(f"{path} holds values of a kind that this Tradewire does not know: {min(unknown)}.")
    return manifest


class _Format(msgspec.Struct):
    format: int
