"""Finding one thing by its name or id, and naming the nearest where there is none."""

from collections.abc import Iterable
from difflib import get_close_matches

from sqlalchemy import Connection, select

from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.services.refusal import Code, Refused
from tradewire.store.schema import accounts, algorithms

MOST_CHARACTERS = 80


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean "x"?`, or nothing; upper and lower case do not hide a match."""
    by_fold = {one.casefold(): one for one in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f' Did you mean "{by_fold[found[0]]}"?' if found else ""


def account_by(conn: Connection, reference: str) -> Account:
    """The account of that name or id; refuses in words."""
    row = conn.execute(
        select(accounts.c.document).where((accounts.c.name == reference) | (accounts.c.id == reference))
    ).first()
    if row is not None:
        found: Account = row.document
        return found
    known = [name for (name,) in conn.execute(select(accounts.c.name))]
    if not known:
        raise Refused(Code.NOT_FOUND, "There is no account yet; add one with `tradewire account add`.")
    raise Refused(Code.NOT_FOUND, f'There is no account "{reference}".{nearest(reference, known)}')


def algorithm_by(conn: Connection, reference: str) -> Algorithm:
    """The algorithm of that name or id; refuses in words."""
    row = conn.execute(
        select(algorithms.c.document).where((algorithms.c.name == reference) | (algorithms.c.id == reference))
    ).first()
    if row is not None:
        found: Algorithm = row.document
        return found
    known = [name for (name,) in conn.execute(select(algorithms.c.name))]
    if not known:
        raise Refused(
            Code.NOT_FOUND, "There is no algorithm yet; add one with `tradewire algorithm add FILE.toml`."
        )
    raise Refused(Code.NOT_FOUND, f'There is no algorithm "{reference}".{nearest(reference, known)}')


def account_names(conn: Connection) -> dict[str, str]:
    """Every account's name by its id."""
    return {row.id: row.name for row in conn.execute(select(accounts.c.id, accounts.c.name))}


def algorithm_names(conn: Connection) -> dict[str, str]:
    """Every algorithm's name by its id."""
    return {row.id: row.name for row in conn.execute(select(algorithms.c.id, algorithms.c.name))}


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
