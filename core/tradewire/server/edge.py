"""The outermost edge: what must hold for every request, whatever route it takes."""

import asyncio
import logging
import traceback
from collections.abc import Collection

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from tradewire.domain.base import Struct
from tradewire.ingress.answers import RETRY_AFTER_S, UnavailableBody
from tradewire.ingress.source import is_allowed_host
from tradewire.security.redaction import redact_text
from tradewire.server.body import header
from tradewire.server.metrics import Metrics
from tradewire.server.respond import respond_json
from tradewire.server.webhook import Webhook, is_webhook

_log = logging.getLogger(__name__)


class ErrorBody(Struct):
    """A sentence for whoever asked."""

    error: str


class Edge:
    """Wraps the app: the Host check, a 503 while stopping, and no exception that is not an answer.

    The webhook checks the Host itself, since what it refuses stands in the Signal Log.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        allowed_hosts: Collection[str],
        webhook: Webhook | None = None,
    ) -> None:
        """`webhook` answers what it can past the app, which knows it as well."""
        self.app = app
        self._webhook = webhook
        self._metrics = metrics
        self._allowed_hosts = allowed_hosts
        #: Set once `stop` was called.
        self.stopping = asyncio.Event()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        self._running += 1
        self._idle.clear()
        try:
            await self._serve(scope, receive, send)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def stop(self, within_s: float) -> bool:
        """Answer 503 to whatever comes from now on; whether all that runs ended within `within_s` seconds."""
        self.stopping.set()
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        if self.stopping.is_set():
            await _unavailable(watched, "Tradewire is stopping and stored nothing; send it again.")
            return
        if not is_webhook(scope["path"]) and not is_allowed_host(header(scope, b"host"), self._allowed_hosts):
            await respond_json(watched, 421, ErrorBody(error="This server does not answer for that Host."))
            return
        try:
            if self._webhook is not None and await self._webhook.answer_plain(scope, receive, watched):
                return
            await self.app(scope, receive, watched)
        except Exception:  # noqa: BLE001 - the last catch: a sender gets a sentence, the log the rest
            self._metrics.failed()
            _log.error("A request failed:\n%s", redact_text(traceback.format_exc()))
            if not started:
                await _unavailable(
                    watched, "Tradewire failed at this request; see its log, and send it again."
                )


async def _unavailable(send: Send, reason: str) -> None:
    await respond_json(send, 503, UnavailableBody(reason=reason), {"retry-after": str(RETRY_AFTER_S)})
