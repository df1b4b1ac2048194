"""What a machine watches: `/health` and `/metrics`, beside the webhook or on a port of their own."""

from collections.abc import Callable

from litestar import Litestar, MediaType, Response, get
from litestar.types import ControllerRouterHandler

from tradewire.ingress.source import answered_hosts
from tradewire.server.edge import Edge
from tradewire.server.health import HealthBody, HealthReport
from tradewire.server.metrics import CONTENT_TYPE, Metrics
from tradewire.settings import ServerSettings


def watch_routes(health: Callable[[], HealthReport], figures: Metrics) -> tuple[ControllerRouterHandler, ...]:
    """`health` must not block: it is asked on the server's loop."""

    @get("/health", include_in_schema=False, sync_to_thread=False, media_type=MediaType.JSON)
    def healthy() -> Response[HealthBody]:
        report = health()
        body = HealthBody(status="ok" if report.ok else "unhealthy", checks=report.checks)
        return Response(body, status_code=200 if report.ok else 503, headers={"cache-control": "no-store"})

    @get("/metrics", include_in_schema=False, sync_to_thread=False)
    def exposition() -> Response[bytes]:
        return Response(figures.exposition(health()), media_type=CONTENT_TYPE)

    return healthy, exposition


def create_watched_app(
    health: Callable[[], HealthReport], figures: Metrics, settings: ServerSettings
) -> Edge:
    """The app of a process that takes no webhooks."""
    app = Litestar(
        route_handlers=[*watch_routes(health, figures)], openapi_config=None, logging_config=None, debug=False
    )
    return Edge(app, figures, answered_hosts(settings))
