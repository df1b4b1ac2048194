"""The key file that belongs to a database: made once, and recognised by every process."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Row, insert, select

from tradewire.contract.errors import Unhonoured
from tradewire.security.hashing import same
from tradewire.security.key_file import create_key_file, load_key_file
from tradewire.security.sealing import Secrets
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import key_checks

T = TypeVar("T")

_PROBE = "tradewire"


def secrets_for(store: Store, path: Path) -> Secrets:
    """The secrets in `path`, which is made where neither it nor the database has any yet.

    Raises `Unhonoured` where the database was set up with another key file: with a wrong one nothing could be
    opened, and what is sealed would be lost to the others.
    """
    known = _stored_before(store)
    made = known is None and _make(path)
    secrets = load_key_file(path)
    if known is None:
        known = _in_a_thread(partial(store.write_now, partial(_introduce, secrets=secrets)))
    if not _fits(known, secrets):
        if made:
            path.unlink()
        raise Unhonoured(
            f"The key file {path} is not the one of this database, which was set up with another. Put a copy "
            "of that one there, or name it with key_file (TRADEWIRE_KEY_FILE)."
        )
    return secrets


def _stored_before(store: Store) -> Row[tuple[int, str, bytes]] | None:
    return store.read_now(_stored)


def _make(path: Path) -> bool:
    """Whether it was made here; another process may have been quicker."""
    if path.exists():
        return False
    try:
        create_key_file(path)
    except Unhonoured:
        return False
    return True


def _stored(conn: Connection) -> Row[tuple[int, str, bytes]] | None:
    return conn.execute(select(key_checks)).one_or_none()


def _introduce(conn: Connection, secrets: Secrets) -> Row[tuple[int, str, bytes]]:
    """The database's check, which is this key file's where there was none before."""
    hold(conn, Lock.CONFIGURATION)
    if _stored(conn) is None:
        check = {"id": 1, "digest": secrets.digest(_PROBE), "sealed": secrets.seal(_PROBE.encode())}
        conn.execute(insert(key_checks).values(check))
    return conn.execute(select(key_checks)).one()


def _fits(known: Row[tuple[int, str, bytes]], secrets: Secrets) -> bool:
    try:
        return same(known.digest, secrets.digest(_PROBE)) and secrets.unseal(known.sealed) == _PROBE.encode()
    except Unhonoured:
        return False


def _in_a_thread(work: Callable[[], T]) -> T:
    """Since the caller's may be in an event loop, which a write would block."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(work).result()
