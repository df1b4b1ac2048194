"""API tokens: who may use `/api/v1`, and how far."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.ledger.append import append
from tradewire.security.hashing import same
from tradewire.security.sealing import Secrets
from tradewire.security.tokens import has_valid_checksum, new_token
from tradewire.services.naming import checked_name, hint
from tradewire.services.refusal import Code, Refused
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import api_tokens


class TokenScope(StrEnum):
    """OWNER may do everything; READ may only look."""

    OWNER = "owner"
    READ = "read"


class TokenView(Struct):
    id: str
    name: str
    scope: TokenScope
    created_at: datetime
    revoked_at: datetime | None = None


class NewToken(Struct):
    """`secret` is shown this one time; only its digest is stored."""

    token: TokenView
    secret: str


class Tokens:
    def __init__(self, store: Store, clock: Clock, secrets: Secrets) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets

    async def create(self, name: str, scope: TokenScope, by: str) -> NewToken:
        checked_name("a token", name)
        secret = new_token()
        made = TokenView(id=str(uuid4()), name=name, scope=scope, created_at=self._clock.now())

        def unit(conn: Connection) -> None:
            hold(conn, Lock.CONFIGURATION)
            if conn.execute(select(api_tokens.c.id).where(api_tokens.c.name == name)).first() is not None:
                raise Refused(Code.CONFLICT, f'There is a token "{name}" already; choose another name.')
            conn.execute(
                insert(api_tokens).values(
                    id=made.id,
                    name=name,
                    digest=self._secrets.digest(secret),
                    scope=scope.value,
                    created_at=made.created_at,
                )
            )
            data = {"token_id": made.id, "name": name, "scope": scope.value}
            append(conn, [Entry(at=made.created_at, kind=EntryKind.TOKEN_CREATED, by=by, data=data)])

        await self._store.write(unit)
        return NewToken(token=made, secret=secret)

    async def list(self) -> tuple[TokenView, ...]:
        def unit(conn: Connection) -> tuple[TokenView, ...]:
            return tuple(
                _view(row) for row in conn.execute(select(api_tokens).order_by(api_tokens.c.created_at))
            )

        return await self._store.read(unit)

    async def revoke(self, reference: str, by: str) -> TokenView:
        """Revoke by name or id; the next request with it is refused."""
        now = self._clock.now()

        def unit(conn: Connection) -> TokenView:
            hold(conn, Lock.CONFIGURATION)
            rows = [_view(row) for row in conn.execute(select(api_tokens))]
            found = next((row for row in rows if reference in (row.id, row.name)), None)
            if found is None:
                names = hint(reference, [row.name for row in rows], "tradewire token list")
                raise Refused(Code.NOT_FOUND, f'There is no token "{reference}".{names}')
            if found.revoked_at is not None:
                raise Refused(Code.CONFLICT, f'The token "{found.name}" is revoked already.')
            conn.execute(update(api_tokens).where(api_tokens.c.id == found.id).values(revoked_at=now))
            data = {"token_id": found.id, "name": found.name}
            append(conn, [Entry(at=now, kind=EntryKind.TOKEN_REVOKED, by=by, data=data)])
            return TokenView(
                id=found.id, name=found.name, scope=found.scope, created_at=found.created_at, revoked_at=now
            )

        return await self._store.write(unit)

    async def authenticate(self, presented: str) -> TokenView | None:
        """The token that `presented` is, unless it is unknown, revoked or mistyped."""
        if not has_valid_checksum(presented):
            return None
        digest = self._secrets.digest(presented)

        def unit(conn: Connection) -> TokenView | None:
            row = conn.execute(select(api_tokens).where(api_tokens.c.digest == digest)).first()
            if row is None or not same(row.digest, digest) or row.revoked_at is not None:
                return None
            return _view(row)

        return await self._store.read(unit)


def _view(row: Row[Any]) -> TokenView:
    return TokenView(
        id=row.id,
        name=row.name,
        scope=TokenScope(row.scope),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
