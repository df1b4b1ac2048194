"""A backup of the running Tradewire, as a file or as a stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection

from tradewire.domain.clock import Clock
from tradewire.ledger.seal import seal
from tradewire.services.backup.archive import BackupManifest
from tradewire.services.backup.pipe import Pipe, ReaderGone
from tradewire.services.backup.writing import Progress, Writable, write_archive
from tradewire.store.database import Store


class Backup:
    def __init__(self, store: Store, clock: Clock, version: str) -> None:
        self._store = store
        self._clock = clock
        self._version = version

    async def write(self, out: Writable, progress: Progress | None = None) -> BackupManifest:
        """Everything up to now, sealed, to `out`."""
        while await self._store.write(seal):
            pass
        return await asyncio.to_thread(self._store.read_now, partial(self._write, out, progress))

    async def stream(self) -> AsyncIterator[bytes]:
        """The same in pieces, as they are made; a reader that goes ends the work."""
        pipe = Pipe()
        writing = asyncio.ensure_future(self._into(pipe))
        try:
            while (piece := await asyncio.to_thread(pipe.take)) is not None:
                yield piece
        finally:
            pipe.leave()
            with suppress(ReaderGone):
                await writing

    async def _into(self, pipe: Pipe) -> None:
        try:
            await self.write(pipe)
        finally:
            await asyncio.to_thread(pipe.end)

    def _write(self, out: Writable, progress: Progress | None, conn: Connection) -> BackupManifest:
        return write_archive(conn, out, self._clock.now(), self._version, progress)
