"""What an algorithm's file names beside plugins: itself, its account, its calendar; all mistakes at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from sqlalchemy import Connection, select

from tradewire.contract.errors import Unhonoured
from tradewire.domain.session import SessionCalendar
from tradewire.services.algorithm_file import AlgorithmDraft
from tradewire.services.naming import account_by, checked_name
from tradewire.services.refusal import Code, Refused
from tradewire.store.database import Store
from tradewire.store.schema import algorithms


class Calendars(Protocol):
    """Trading calendars by name; an unknown name raises `Unhonoured`."""

    async def get(self, name: str) -> SessionCalendar: ...


async def refuse_mistakes(
    draft: AlgorithmDraft, problems: Sequence[str], store: Store, calendars: Calendars, replaces: str | None
) -> None:
    """Refuse with all `problems` of the file and with what is wrong with what it names, at once.

    `replaces` is the name of the algorithm whose place it takes.
    """
    refusals = await store.read(partial(_refusals, draft=draft, replaces=replaces))
    if draft.validity.calendar is not None:
        try:
            await calendars.get(draft.validity.calendar)
        except Unhonoured as unknown:
            refusals.append(Refused(Code.INVALID, str(unknown)))
    if not problems and len(refusals) == 1:
        raise refusals[0]
    told = (*problems, *(one.message for one in refusals))
    if told:
        raise Refused(Code.INVALID, " ".join(told), told)


def refuse_taken(conn: Connection, name: str) -> None:
    if conn.execute(select(algorithms.c.id).where(algorithms.c.name == name)).first() is not None:
        raise Refused(Code.CONFLICT, f'There is an algorithm "{name}" already; choose another name.')


def _refusals(conn: Connection, draft: AlgorithmDraft, replaces: str | None) -> list[Refused]:
    """A name or account that is missing in the file is a mistake of the file's own."""
    checks: list[Callable[[], object]] = []
    if draft.name:
        checks.append(partial(checked_name, "an algorithm", draft.name))
    if draft.account:
        checks.append(partial(account_by, conn, draft.account))
    if draft.name != replaces:
        checks.append(partial(refuse_taken, conn, draft.name))
    return [refused for check in checks if (refused := _refusal(check)) is not None]


def _refusal(check: Callable[[], object]) -> Refused | None:
    try:
        check()
    except Refused as refused:
        return refused
    return None
