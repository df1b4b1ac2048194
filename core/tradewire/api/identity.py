"""Who is asking: every request carries `Authorization: Bearer tw_api_…`, or the instance's local token."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from tradewire.domain.base import Struct
from tradewire.security.hashing import same
from tradewire.services.tokens import Tokens, TokenScope

#: A handler with this option changes nothing, whatever its method.
READS = "reads"

Connection = ASGIConnection[Any, Any, Any, Any]

_IDENTITY = "tradewire_identity"
_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})


class Identity(Struct):
    """`name` is what the ledger notes as `by`."""

    name: str
    scope: TokenScope


def requires_token(tokens: Tokens, local_token: str | None) -> Guard:
    """A guard that lets known tokens pass, and those of scope `read` only where nothing is changed.

    `local_token` is the running process's own, for the CLI of the same user on the same machine.
    """

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        identity = await _identify(connection.headers.get("authorization", ""), tokens, local_token)
        if identity is None:
            raise NotAuthorizedException(
                "This needs an API token in the header Authorization; `tradewire token new` makes one.",
                headers={"www-authenticate": "Bearer"},
            )
        changes = connection.scope.get("method") not in _LOOKING and not handler.opt.get(READS)
        if changes and identity.scope is not TokenScope.OWNER:
            raise PermissionDeniedException(
                f"{identity.name} may only look; this needs a token of scope owner."
            )
        connection.scope.setdefault("state", {})[_IDENTITY] = identity

    return guard


def identity_of(connection: Connection) -> Identity:
    """Who passed the guard."""
    found: Identity = connection.scope["state"][_IDENTITY]
    return found


async def _identify(header: str, tokens: Tokens, local_token: str | None) -> Identity | None:
    kind, _, presented = header.partition(" ")
    presented = presented.strip()
    if kind.lower() != "bearer" or not presented:
        return None
    if local_token is not None and same(presented, local_token):
        return Identity(name="owner", scope=TokenScope.OWNER)
    found = await tokens.authenticate(presented)
    return None if found is None else Identity(name=f"token {found.name}", scope=found.scope)
