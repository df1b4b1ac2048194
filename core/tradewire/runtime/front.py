"""The web app of a process that takes webhooks: the door, the API, health and metrics."""

import os
from collections.abc import Callable

from tradewire.api.app import api_router, openapi_config
from tradewire.ingress.door import Door
from tradewire.runtime.core import Core
from tradewire.runtime.fresh_keys import DoorOfMany
from tradewire.runtime.sabotage import sabotaged
from tradewire.security.lockout import Lockout
from tradewire.server.app import create_app
from tradewire.server.edge import Edge
from tradewire.server.health import HealthReport


def front_app(core: Core, health: Callable[[], HealthReport], local_token: str | None) -> Edge:
    """`local_token` is the process' own for the API; without one it takes those of `tradewire token`."""
    settings, clock = core.settings, core.clock
    on_accepted = sabotaged(core.bells.route, core.store, clock, os.environ)
    parts = (core.store, core.plugins, core.keys, clock, settings, on_accepted, Lockout(clock))
    return create_app(
        door=DoorOfMany(*parts, core.services.keys.refresh) if core.is_shared else Door(*parts),
        clock=clock,
        settings=settings.server,
        health=health,
        metrics=core.metrics,
        route_handlers=[api_router(core.services, local_token=local_token)],
        openapi_config=openapi_config(),
    )
