"""Signal connections and their keys."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.plugins import Plugins
from tradewire.security.keyring import KeyRow, KeyTable
from tradewire.security.keys import last4, new_key
from tradewire.security.sealing import Secrets
from tradewire.services.naming import checked_name, hint
from tradewire.services.owner import Owner
from tradewire.services.refusal import Code, Refused
from tradewire.services.sending import Sending, sending
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import connections, keys


class KeyView(Struct):
    """A key without its secret. `revealable`: an encrypted copy is kept, which its owner can read again."""

    id: str
    connection: str
    provider: str
    last4: str
    revealable: bool
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class RevealedKey(Struct):
    """A key with its secret, which must not be logged, and how messages are sent with it."""

    key: KeyView
    secret: str
    sending: Sending | None = None


class Keys:
    """Each connection has at most one key that works."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        secrets: Secrets,
        table: KeyTable,
        plugins: Plugins,
        owner: Owner,
        *,
        revealable: bool = True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._table = table
        self._plugins = plugins
        self._owner = owner
        self._revealable = revealable
        self._refreshing = asyncio.Lock()

    async def create(self, connection: str, provider: str, by: str) -> RevealedKey:
        """A connection with its first key, or a new key for one whose key was revoked."""
        checked_name("a connection", connection)
        self._plugins.provider(provider)
        secret, now = new_key(), self._clock.now()

        def unit(conn: Connection) -> KeyView:
            hold(conn, Lock.CONFIGURATION)
            known = conn.execute(select(connections).where(connections.c.name == connection)).first()
            if known is None:
                conn.execute(insert(connections).values(name=connection, provider=provider, created_at=now))
            elif known.provider != provider:
                raise Refused(
                    Code.CONFLICT,
                    f'The connection "{connection}" is one of {known.provider}; choose another name.',
                )
            if _working(conn, connection):
                raise Refused(
                    Code.CONFLICT,
                    f'The connection "{connection}" has a key already. `tradewire key regenerate '
                    f"{connection}` replaces it and makes the old one invalid at once.",
                )
            return self._insert(conn, connection, secret, now, EntryKind.KEY_CREATED, by)

        made = await self._store.write(unit)
        await self.refresh()
        return self._revealed(made, secret)

    async def regenerate(self, connection: str, by: str) -> RevealedKey:
        """A new key; every older one of the connection is invalid when this returns."""
        secret, now = new_key(), self._clock.now()

        def unit(conn: Connection) -> KeyView:
            hold(conn, Lock.CONFIGURATION)
            _existing(conn, connection)
            for row in _working(conn, connection):
                _revoke(conn, row, now, by)
            return self._insert(conn, connection, secret, now, EntryKind.KEY_REGENERATED, by)

        made = await self._store.write(unit)
        await self.refresh()
        return self._revealed(made, secret)

    async def list(self) -> tuple[KeyView, ...]:
        return await self._store.read(lambda conn: tuple(_view(row) for row in _rows(conn)))

    async def revoke(self, reference: str, by: str) -> KeyView:
        """Revoke a connection's working key, or a key by its id; it is refused when this returns."""
        now = self._clock.now()

        def unit(conn: Connection) -> KeyView:
            hold(conn, Lock.CONFIGURATION)
            row = _one(conn, reference)
            _revoke(conn, row, now, by)
            return _view(next(one for one in _rows(conn) if one.id == row.id))

        revoked = await self._store.write(unit)
        await self.refresh()
        return revoked

    async def reveal(self, reference: str, password: str, by: str) -> RevealedKey:
        """The key again, for its owner's password; the ledger notes who asked."""
        await self._owner.verify(password)
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[KeyView, bytes]:
            row = _one(conn, reference)
            if row.sealed is None:
                raise Refused(
                    Code.CONFLICT,
                    "This key was stored without an encrypted copy and cannot be shown again; regenerate it.",
                )
            append(conn, [_entry(now, EntryKind.KEY_REVEALED, _view(row), by)])
            return _view(row), row.sealed

        view, sealed = await self._store.write(unit)
        return self._revealed(view, self._secrets.unseal(sealed).decode("ascii"))

    async def refresh(self) -> None:
        """Put what is stored into the key ring. One at a time, or an older reading could win."""
        async with self._refreshing:
            rows = await self._store.read(_rows)
            self._table.replace(
                KeyRow(
                    key_id=row.id,
                    connection=row.connection,
                    provider=row.provider,
                    digest=row.digest,
                    revoked_at=row.revoked_at,
                )
                for row in rows
            )

    def _revealed(self, key: KeyView, secret: str) -> RevealedKey:
        how = sending(self._plugins.providers.get(key.provider))
        return RevealedKey(key=key, secret=secret, sending=how)

    def _insert(
        self, conn: Connection, connection: str, secret: str, now: datetime, kind: EntryKind, by: str
    ) -> KeyView:
        key_id = str(uuid4())
        conn.execute(
            insert(keys).values(
                id=key_id,
                connection=connection,
                digest=self._secrets.digest(secret),
                last4=last4(secret),
                sealed=self._secrets.seal(secret.encode("ascii")) if self._revealable else None,
                created_at=now,
            )
        )
        made = _view(next(row for row in _rows(conn) if row.id == key_id))
        append(conn, [_entry(now, kind, made, by)])
        return made


def _rows(conn: Connection) -> Sequence[Row[Any]]:
    joined = select(keys, connections.c.provider).join(connections, keys.c.connection == connections.c.name)
    return conn.execute(joined.order_by(keys.c.connection, keys.c.created_at)).all()


def _working(conn: Connection, connection: str) -> list[Row[Any]]:
    return [row for row in _rows(conn) if row.connection == connection and row.revoked_at is None]


def _existing(conn: Connection, connection: str) -> None:
    known = [name for (name,) in conn.execute(select(connections.c.name))]
    if connection not in known:
        found = hint(connection, known, "tradewire key list")
        raise Refused(Code.NOT_FOUND, f'There is no connection "{connection}".{found}')


def _one(conn: Connection, reference: str) -> Row[Any]:
    """A working key by its id or its connection's name."""
    rows = _rows(conn)
    found = next((row for row in rows if row.id == reference), None)
    if found is None:
        _existing(conn, reference)
        found = next((row for row in rows if row.connection == reference and row.revoked_at is None), None)
    if found is None:
        raise Refused(Code.CONFLICT, f'The connection "{reference}" has no key that works.')
    if found.revoked_at is not None:
        raise Refused(Code.CONFLICT, f"This key was revoked on {found.revoked_at:%Y-%m-%d}.")
    return found


def _revoke(conn: Connection, row: Row[Any], now: datetime, by: str) -> None:
    conn.execute(update(keys).where(keys.c.id == row.id).values(revoked_at=now))
    append(conn, [_entry(now, EntryKind.KEY_REVOKED, _view(row), by)])


def _entry(now: datetime, kind: EntryKind, key: KeyView, by: str) -> Entry:
    data = {"key_id": key.id, "connection": key.connection, "provider": key.provider, "last4": key.last4}
    return Entry(at=now, kind=kind, by=by, data=data)


def _view(row: Row[Any]) -> KeyView:
    return KeyView(
        id=row.id,
        connection=row.connection,
        provider=row.provider,
        last4=row.last4,
        revealable=row.sealed is not None,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
