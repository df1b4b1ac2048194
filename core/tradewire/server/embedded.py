"""granian inside our own process and loop: no fork, no signal handlers, a free port if wanted."""

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.server.connections import MOST, RESERVED, open_at_once
from tradewire.server.edge import Edge
from tradewire.settings import ServerSettings

#: Connections that the system keeps for us until one is taken.
_WAITING = 4096
_LARGEST_HEADERS = 64 * 1024
_LOGGERS = ("_granian", "granian.access")
_READY_WITHIN_S = 10.0
_LAST_ANSWERS_WITHIN_S = 2.5
_STOPPED_WITHIN_S = 5.0

_log = logging.getLogger(__name__)


class ListeningAt(Struct):
    """Where the server can be reached; `port` is the one it got where 0 was asked for."""

    host: str
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


async def serve(
    app: Edge,
    settings: ServerSettings,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[ListeningAt], None],
    closing: Callable[[], Awaitable[None]] | None = None,
    may_share: bool = False,
) -> None:
    """Serve `app` on the running loop until `stop` is set, then finish what is being answered.

    While `closing` runs, new requests are still answered, by 503: whoever sends is to send again.
    `on_ready` is called once connections are taken. `may_share`: whether a second one of its kind may listen
    at the port too, which a refusal of it then says. Raises `Unhonoured` if the address is in use or not this
    machine's, or the certificate cannot be read; `RuntimeError` if the server ends by itself.
    """
    try:
        held = _hold(settings.host, settings.port, is_shared=settings.share_port)
    except OSError as error:
        is_hinted = may_share and not settings.share_port
        raise Unhonoured(_why_not(settings.host, settings.port, error, is_hinted)) from error
    try:
        address, port = held.getsockname()[:2]
        at = ListeningAt(host=address, port=port, tls=settings.ssl_cert is not None)
        server = _server(app, settings, at)
        running = asyncio.ensure_future(server.serve())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await _ready(at, running)
            on_ready(at)
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                raise RuntimeError("The HTTP server ended by itself.") from running.exception()
            await app.stop(_LAST_ANSWERS_WITHIN_S)
            if closing is not None:
                await closing()
        finally:
            stopping.cancel()
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait((running,), timeout=_STOPPED_WITHIN_S)
    finally:
        held.close()


def _server(app: Edge, settings: ServerSettings, at: ListeningAt) -> Server:
    most = open_at_once()
    if most < MOST:
        _log.warning(
            "This system lets Tradewire have few files open, so that %d connections may be open at once; who "
            "comes after them waits. Allow it %d files (ulimit -n, or LimitNOFILE in its service).",
            most,
            MOST + RESERVED,
        )
    try:
        server = Server(
            app,
            address=at.host,
            port=at.port,
            interface=Interfaces.ASGI,
            # HTTP/2 has no header time-out in granian, and nobody who sends webhooks needs it.
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=round(settings.header_timeout_s * 1000), max_buffer_size=_LARGEST_HEADERS
            ),
            websockets=False,
            backlog=_WAITING,
            # granian stops accepting beyond it, and idle ones count.
            backpressure=most,
            log_enabled=False,
            ssl_cert=None if settings.ssl_cert is None else Path(settings.ssl_cert),
            ssl_key=None if settings.ssl_key is None else Path(settings.ssl_key),
            ssl_protocol_min=SSLProtocols.tls12,
        )
    except OSError as error:  # ssl.SSLError is one
        raise Unhonoured(
            f"The certificate {settings.ssl_cert} with the key {settings.ssl_key} cannot be used: "
            f"{error.strerror or error}."
        ) from error
    for name in _LOGGERS:
        # granian prints by itself, past whatever masks secrets; what it says is to go where all goes.
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    return server


def _hold(host: str, port: int, *, is_shared: bool) -> socket.socket:
    """A bound socket that never listens: it finds a free port and keeps others from taking it.

    granian binds with SO_REUSEPORT, with which a second server on the same port would silently get a share of
    the requests; so the port is first bound without it, to see whether anyone is there, unless it is meant
    to be shared.
    """
    if port and not is_shared:
        _bound(host, port, shared=False).close()
    return _bound(host, port, shared=True)


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared and hasattr(socket, "SO_REUSEPORT"):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    return held


def _why_not(host: str, port: int, error: OSError, may_share: bool) -> str:
    if error.errno == errno.EADDRINUSE:
        text = f"Port {port} of {host} is in use by another program; stop that one, or choose another port."
        if may_share:
            text += " Where that is another `tradewire serve`, `--share-port` lets both listen there."
        return text
    if error.errno == errno.EACCES:
        return f"Port {port} is for the administrator only; choose one above 1023, or put a proxy in front."
    return f"Tradewire cannot listen at {host}, port {port}: {error.strerror or error}."


async def _ready(at: ListeningAt, running: "asyncio.Future[None]") -> None:
    """Return once a connection is taken; granian says nothing of it itself."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(at.host, at.host)
    async with asyncio.timeout(_READY_WITHIN_S):
        while not running.done():
            try:
                _, writer = await asyncio.open_connection(reached, at.port)
            except OSError:
                await asyncio.sleep(0.005)
                continue
            writer.close()
            return
    raise RuntimeError("The HTTP server did not start.") from running.exception()
