"""The app: the webhook, health, metrics, and the routes of other parts."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from tradewire.domain.clock import Clock
from tradewire.ingress.door import Door
from tradewire.ingress.source import answered_hosts
from tradewire.security.redaction import redact_text, redacted_traceback
from tradewire.server.edge import Edge, ErrorBody
from tradewire.server.health import HealthReport
from tradewire.server.metrics import Metrics
from tradewire.server.watching import watch_routes
from tradewire.server.webhook import WRONG_METHOD, Webhook, is_webhook
from tradewire.settings import ServerSettings

_log = logging.getLogger(__name__)


def create_app(
    *,
    door: Door,
    clock: Clock,
    settings: ServerSettings,
    health: Callable[[], HealthReport],
    metrics: Metrics | None = None,
    route_handlers: Sequence[ControllerRouterHandler] = (),
    openapi_config: OpenAPIConfig | None = None,
) -> Edge:
    """The ASGI app to serve. `health` must not block: it is asked on the server's loop.

    `route_handlers` and `openapi_config` are those of the API; nothing here appears in its document.
    """
    figures = metrics or Metrics()
    webhook = Webhook(door, clock, settings, figures)
    app = Litestar(
        route_handlers=[
            webhook.route(),
            *watch_routes(health, figures),
            *route_handlers,
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        openapi_config=openapi_config,
        logging_config=None,
        debug=False,
    )
    return Edge(app, figures, answered_hosts(settings), webhook)


def _refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorBody]:
    if error.status_code == 404:
        sentence = "There is nothing at this address. The webhook's is /api/tradingview/webhook."
    elif error.status_code == 405 and is_webhook(request.scope["path"]):
        sentence = WRONG_METHOD
    else:
        sentence = redact_text(str(error.detail))
    return Response(ErrorBody(error=sentence), status_code=error.status_code, headers=error.headers)


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
    _log.error("A request failed:\n%s", redacted_traceback(error))
    return Response(
        ErrorBody(error="Tradewire failed at this request; the reason is in its log."), status_code=500
    )
