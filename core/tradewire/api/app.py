"""The API's routes put together."""

from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from tradewire.api.access import KeyRoutes, PasswordRoutes, TokenRoutes
from tradewire.api.audit import AuditRoutes
from tradewire.api.configuration import (
    AccountRoutes,
    AlgorithmRoutes,
    PluginRoutes,
    SwitchRoutes,
)
from tradewire.api.errors import HANDLERS
from tradewire.api.identity import Identity, identity_of, requires_token
from tradewire.api.monitor import MonitorRoutes
from tradewire.api.operating import OperatingRoutes
from tradewire.services.services import Services

PATH = "/api/v1"


def api_router(services: Services, *, local_token: str | None = None) -> Router:
    """Every route of the API, to be mounted in the server's app or in one of its own.

    `local_token` is the process's own token, as `instance.json` names it.
    """

    def provide_services() -> Services:
        return services

    def provide_caller(request: Request[Any, Any, Any]) -> Identity:
        return identity_of(request)

    return Router(
        path=PATH,
        route_handlers=[
            MonitorRoutes,
            KeyRoutes,
            PasswordRoutes,
            TokenRoutes,
            AccountRoutes,
            AlgorithmRoutes,
            SwitchRoutes,
            PluginRoutes,
            AuditRoutes,
            OperatingRoutes,
        ],
        dependencies={
            "services": Provide(provide_services, sync_to_thread=False),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        guards=[requires_token(services.tokens, local_token)],
        exception_handlers=HANDLERS,
        security=[{"token": []}],
    )


def openapi_config() -> OpenAPIConfig:
    """The document at /api/v1/openapi/openapi.json and .yaml.

    No page to read it: the usual ones run scripts of another site, and ask for a token beside them.
    """
    return OpenAPIConfig(
        title="Tradewire",
        version=version("tradewire"),
        description="Numbers are texts, times RFC 3339 in UTC. Lists are pages: `limit`, and `after` with "
        "the `next` of the page before. An answer of 4xx or 5xx holds a sentence in `error` and a `code`.",
        path=f"{PATH}/openapi",
        render_plugins=(JsonRenderPlugin(), YamlRenderPlugin()),
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer", description="tw_api_…")}
        ),
    )


def api_app(services: Services, *, local_token: str | None = None) -> Litestar:
    """The API alone as an app, for the CLI where no server runs, and for tests."""
    return Litestar(
        route_handlers=[api_router(services, local_token=local_token)],
        openapi_config=openapi_config(),
        logging_config=None,
    )
