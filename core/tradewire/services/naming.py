"""Finding one thing by its name or id, and naming the nearest where there is none."""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

from sqlalchemy import Connection, Select, Table, insert, select

from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.services.refusal import Code, Refused
from tradewire.store.schema import accounts, algorithms, removed

MOST_CHARACTERS = 80


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?`, or nothing; upper and lower case do not hide a match."""
    by_fold = {one.casefold(): one for one in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f' Did you mean "{by_fold[found[0]]}"?' if found else ""


def hint(word: str, known: Iterable[str], listing: str) -> str:
    """The nearest name, or else the command that lists them all."""
    return nearest(word, known) or f" `{listing}` lists them."


def account_by(conn: Connection, reference: str) -> Account:
    """The account of that name or id; refuses in words."""
    found: Account = _by(conn, accounts, reference, "account", "tradewire account add")
    return found


def algorithm_by(conn: Connection, reference: str) -> Algorithm:
    """The algorithm of that name or id; refuses in words."""
    found: Algorithm = _by(conn, algorithms, reference, "algorithm", "tradewire algorithm add FILE.toml")
    return found


def _by(conn: Connection, table: Table, reference: str, kind: str, adding: str) -> Any:
    """The document of the row of that name or id; `adding` is the command that would make one."""
    document = conn.execute(
        select(table.c.document).where((table.c.name == reference) | (table.c.id == reference))
    ).scalar()
    if document is not None:
        return document
    known = list(conn.execute(select(table.c.name)).scalars())
    if not known:
        raise Refused(Code.NOT_FOUND, f"There is no {kind} yet; add one with `{adding}`.")
    found = hint(reference, known, f"tradewire {kind} list")
    raise Refused(Code.NOT_FOUND, f'There is no {kind} "{reference}".{found}')


def only_of(
    conn: Connection, query: Select[Any], table: Table, account: str | None, algorithm: str | None
) -> Select[Any]:
    """`query` over `table` narrowed to an account and an algorithm, each by name or id; refuses in words."""
    if account is not None:
        query = query.where(table.c.account_id.in_(ids_of(conn, "account", account)))
    if algorithm is not None:
        query = query.where(table.c.algorithm_id.in_(ids_of(conn, "algorithm", algorithm)))
    return query


def ids_of(conn: Connection, kind: Literal["account", "algorithm"], reference: str) -> tuple[str, ...]:
    """What the name or id means where the past is looked at: what is there, or else what was removed."""
    try:
        found: Account | Algorithm = (account_by if kind == "account" else algorithm_by)(conn, reference)
    except Refused:
        one = (removed.c.name == reference) | (removed.c.id == reference)
        gone = conn.execute(select(removed.c.id).where(removed.c.kind == kind, one)).scalars().all()
        if not gone:
            raise
        return tuple(gone)
    return (found.id,)


def keep_name(
    conn: Connection, kind: Literal["account", "algorithm"], id: str, name: str, now: datetime
) -> None:
    """Let what tells of it go on naming it after its row is gone."""
    conn.execute(insert(removed).values(id=id, kind=kind, name=name, removed_at=now))


def account_names(conn: Connection) -> dict[str, str]:
    """Every account's name by its id, of those too that were removed."""
    return _names(conn, accounts)


def account_brokers(conn: Connection) -> dict[str, str]:
    """Every account's broker by the account's name."""
    return {
        row.name: row.document.broker for row in conn.execute(select(accounts.c.name, accounts.c.document))
    }


def algorithm_names(conn: Connection) -> dict[str, str]:
    """Every algorithm's name by its id, of those too that were removed."""
    return _names(conn, algorithms)


def _names(conn: Connection, table: Table) -> dict[str, str]:
    gone = {row.id: row.name for row in conn.execute(select(removed.c.id, removed.c.name))}
    return {**gone, **{row.id: row.name for row in conn.execute(select(table.c.id, table.c.name))}}


def checked_name(kind: str, name: str) -> str:
    """A name as it may be stored: printable, on one line, without spaces around it, fit for an address."""
    if not name or name != name.strip() or len(name) > MOST_CHARACTERS or not name.isprintable():
        raise Refused(
            Code.INVALID,
            f"The name of {kind} is 1 to {MOST_CHARACTERS} printable characters without spaces around them.",
        )
    if "/" in name or name in (".", ".."):
        raise Refused(Code.INVALID, f"The name of {kind} has no slash in it, since it stands in addresses.")
    return name
