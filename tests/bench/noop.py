"""The yardstick: the server of `tradewire up` with a handler that reads the body and answers 200.

`python -m bench.noop` prints its URL. The same granian, edge and router as the real one has; behind the
handler there is nothing: no parsing, no key, no store.
"""

import asyncio
import signal
import sys
from typing import Any, cast

from litestar import MediaType, Request, Response, post

from tradewire.ingress.door import Door
from tradewire.runtime.clock import SystemClock
from tradewire.server.app import create_app
from tradewire.server.body import read_body
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.health import HealthReport
from tradewire.settings import ServerSettings

PATH = "/noop"


@post(PATH, status_code=200, include_in_schema=False)
async def noop(request: Request[Any, Any, Any]) -> Response[bytes]:
    await read_body(request.receive, 65536, 2.0)
    return Response(
        b'{"status":"accepted","id":"0198f0c0-0000-7000-8000-000000000000"}',
        status_code=200,
        headers={"cache-control": "no-store"},
        media_type=MediaType.JSON,
    )


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = ServerSettings(port=0)
    app = create_app(
        # Never reached: nothing is sent to the webhook.
        door=cast(Door, None),
        clock=SystemClock(),
        settings=settings,
        health=HealthReport,
        route_handlers=[noop],
    )

    def ready(at: ListeningAt) -> None:
        sys.stdout.write(at.url + "\n")
        sys.stdout.flush()

    await serve(app, settings, stop=stop, on_ready=ready)


if __name__ == "__main__":
    asyncio.run(main())
