"""The ledger from outside: verify it, keep a checkpoint, export it."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from enum import StrEnum

from sqlalchemy import Connection, func, select

from tradewire.audit.check import History, with_damage
from tradewire.audit.finding import Report
from tradewire.audit.posts import Post
from tradewire.audit.venue import VenueBook
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.ledger.checkpoint import Checkpoint, checkpoint
from tradewire.ledger.damage import Problem, Verification
from tradewire.ledger.export import export_csv, export_jsonl
from tradewire.ledger.seal import seal
from tradewire.ledger.verify import verify
from tradewire.ledger.verify_export import read_export
from tradewire.store.database import Store
from tradewire.store.schema import ledger_entries, ledger_seals

_BLOCK = 2_000
_SEAL_TRIES, _SEAL_PAUSE_S = 50, 0.1


class ExportFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


class VerificationView(Struct):
    """`ok`: no damage. See the ledger's reference for the fields."""

    ok: bool
    entries: int
    last: int
    hash: str
    unsealed: int
    checkpoints: int
    found: int
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, found: Verification) -> "VerificationView":
        return cls(
            ok=found.ok,
            entries=found.entries,
            last=found.last,
            hash=found.hash,
            unsealed=found.unsealed,
            checkpoints=found.checkpoints,
            found=found.found,
            problems=found.problems,
        )


class Audit:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def verify(self, checkpoints: tuple[Checkpoint, ...] = ()) -> Verification:
        """Go through the whole ledger, reading only."""
        return await self._store.read(lambda conn: verify(conn, checkpoints))

    async def checkpoint(self) -> Checkpoint:
        """The last entry's number and hash, everything up to now sealed; keep it outside the database."""
        await self._seal()
        now = self._clock.now()
        return await self._store.read(lambda conn: checkpoint(conn, now))

    async def export(self, form: ExportFormat, first: int = 1, last: int | None = None) -> AsyncIterator[str]:
        """The sealed entries numbered `first` to `last` as text, in blocks, so that no size is too large."""
        await self._seal()
        highest = await self._store.read(_highest)
        end = highest if last is None else min(last, highest)
        start = first
        while True:
            stop = min(start + _BLOCK - 1, end)
            yield await self._store.read(_block(form, start, stop, header=start == first))
            start = stop + 1
            if start > end:
                return

    async def check(
        self, book: VenueBook | None = None, acknowledged: tuple[Post, ...] = (), settled: bool = False
    ) -> Report:
        """Whether the history keeps the promises, and the chain holds; see docs/reference/audit-check.md."""
        history = History()
        async for block in self.export(ExportFormat.JSONL):
            await asyncio.to_thread(_feed, history, block)
        report = history.report(settled=settled, book=book, acknowledged=acknowledged)
        return with_damage(report, await self.verify())

    async def _seal(self) -> None:
        """Seal what is there by now; where somebody else is sealing or writing it, wait for that a while."""
        newest = await self._store.read(_newest)
        for _ in range(_SEAL_TRIES):
            while await self._store.write(seal):
                pass
            if await self._store.read(_newest_sealed) >= newest:
                return
            await asyncio.sleep(_SEAL_PAUSE_S)


def _feed(history: History, block: str) -> None:
    if block:
        for line in read_export(block.splitlines(keepends=True)):
            history.feed(line)


def _newest(conn: Connection) -> int:
    found: int | None = conn.execute(select(func.max(ledger_entries.c.seq))).scalar()
    return found or 0


def _newest_sealed(conn: Connection) -> int:
    found: int | None = conn.execute(select(func.max(ledger_seals.c.entry_seq))).scalar()
    return found or 0


def _highest(conn: Connection) -> int:
    found: int | None = conn.execute(select(func.max(ledger_seals.c.number))).scalar()
    return found or 0


def _block(form: ExportFormat, first: int, last: int, *, header: bool) -> Callable[[Connection], str]:
    """The unit of work that reads one block."""

    def unit(conn: Connection) -> str:
        out = io.StringIO(newline="")
        if form is ExportFormat.JSONL:
            export_jsonl(conn, out, first, last)
            return out.getvalue()
        export_csv(conn, out, first, last)
        text = out.getvalue()
        return text if header else text.partition("\r\n")[2]

    return unit
