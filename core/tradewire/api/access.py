"""Keys, the owner's password, API tokens."""

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tradewire.api.identity import Identity
from tradewire.domain.base import Struct
from tradewire.services.keys import KeyView, RevealedKey
from tradewire.services.owner import PasswordState
from tradewire.services.services import Services
from tradewire.services.tokens import NewToken, TokenScope, TokenView


class KeyRequest(Struct, forbid_unknown_fields=True):
    connection: str
    provider: str = "tradingview"


class RevealRequest(Struct, forbid_unknown_fields=True):
    password: str


class PasswordRequest(Struct, forbid_unknown_fields=True):
    """`current` is needed where a password is set already."""

    new: str
    current: str | None = None


class TokenRequest(Struct, forbid_unknown_fields=True):
    name: str
    scope: TokenScope = TokenScope.READ


class KeyRoutes(Controller):
    path = "/keys"
    tags = ("Keys",)

    @get("/", summary="Every key, without its secret")
    async def list_keys(self, services: NamedDependency[Services]) -> tuple[KeyView, ...]:
        return await services.keys.list()

    @post("/", summary="A connection with a new key")
    async def create_key(
        self,
        data: JSONBody[KeyRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> RevealedKey:
        return await services.keys.create(data.connection, data.provider, caller.name)

    @post("/{reference:str}/regenerate", status_code=200, summary="A new key; the old one is invalid at once")
    async def regenerate_key(
        self, reference: FromPath[str], services: NamedDependency[Services], caller: NamedDependency[Identity]
    ) -> RevealedKey:
        return await services.keys.regenerate(reference, caller.name)

    @post("/{reference:str}/revoke", status_code=200, summary="Refuse a key from now on")
    async def revoke_key(
        self, reference: FromPath[str], services: NamedDependency[Services], caller: NamedDependency[Identity]
    ) -> KeyView:
        return await services.keys.revoke(reference, caller.name)

    @post("/{reference:str}/reveal", status_code=200, summary="The key again, for the owner's password")
    async def reveal_key(
        self,
        reference: FromPath[str],
        data: JSONBody[RevealRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> RevealedKey:
        return await services.keys.reveal(reference, data.password, caller.name)


class PasswordRoutes(Controller):
    path = "/password"
    tags = ("Keys",)

    @get("/", summary="Whether the owner's password is set")
    async def password_state(self, services: NamedDependency[Services]) -> PasswordState:
        return PasswordState(is_set=await services.owner.has_password())

    @put("/", summary="Set or replace the owner's password")
    async def set_password(
        self,
        data: JSONBody[PasswordRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> PasswordState:
        await services.owner.set_password(data.new, data.current, caller.name)
        return PasswordState(is_set=True)


class TokenRoutes(Controller):
    path = "/tokens"
    tags = ("Tokens",)

    @get("/", summary="Every API token, without its secret")
    async def list_tokens(self, services: NamedDependency[Services]) -> tuple[TokenView, ...]:
        return await services.tokens.list()

    @post("/", summary="A new API token; its secret is shown this once")
    async def create_token(
        self,
        data: JSONBody[TokenRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> NewToken:
        return await services.tokens.create(data.name, data.scope, caller.name)

    @post("/{reference:str}/revoke", status_code=200, summary="Refuse a token from now on")
    async def revoke_token(
        self, reference: FromPath[str], services: NamedDependency[Services], caller: NamedDependency[Identity]
    ) -> TokenView:
        return await services.tokens.revoke(reference, caller.name)
