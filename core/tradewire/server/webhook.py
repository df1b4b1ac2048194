"""The route of the webhook: from the socket's bytes to the door and back."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope, Receive, Send

from tradewire.domain.clock import Clock
from tradewire.ingress.address import split
from tradewire.ingress.answers import Answer
from tradewire.ingress.content import redacted_text
from tradewire.ingress.door import Door
from tradewire.ingress.request import ANSWER_WITHIN_S, Received
from tradewire.ingress.source import (
    TRADINGVIEW,
    answered_hosts,
    client_address,
    is_allowed_host,
    networks,
)
from tradewire.server.body import Body, BodyEnd, header, read_body
from tradewire.server.metrics import Metrics
from tradewire.server.respond import respond_json
from tradewire.settings import ServerSettings

PATHS = ("/api/{provider:str}/webhook", "/api/{provider:str}/webhook/{rest:path}")

#: For whoever opens the address in a browser, or pastes it into the wrong box.
WRONG_METHOD = (
    "This address takes POST only. It can be reached; paste it into the alert's Webhook URL in TradingView, "
    "which then posts to it."
)
_PLAIN = re.compile("/api/(?P<provider>[A-Za-z0-9_-]+)/webhook")
_LONGEST_PROVIDER = 64
#: The parts of a path up to `webhook`, which chose this route.
_ROUTED = 3


class Webhook:
    """One handler for every provider's address."""

    def __init__(self, door: Door, clock: Clock, settings: ServerSettings, metrics: Metrics) -> None:
        self._door = door
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._hosts = answered_hosts(settings)
        self._trusted = networks(settings.trusted_proxies)

    def route(self) -> HTTPRouteHandler:
        @post(list(PATHS), name="webhook", status_code=200, include_in_schema=False)
        async def webhook(request: Request[Any, Any, Any]) -> Response[bytes]:
            return await self.answer(request.scope, request.receive)

        return webhook

    async def answer(self, scope: HTTPScope, receive: Receive) -> Response[bytes]:
        """The HTTP answer to one POST."""
        answer = await self._timed(scope, receive)
        headers = {"cache-control": "no-store", **_headers(answer)}
        content = msgspec.json.encode(answer.body)
        return Response(content, status_code=answer.status, headers=headers, media_type=MediaType.JSON)

    async def answer_plain(self, scope: HTTPScope, receive: Receive, send: Send) -> bool:
        """Answer a POST to an address without further parts; whether it was one.

        The router would give it to `answer` all the same, and take as long as all else but the commit.
        """
        found = _PLAIN.fullmatch(scope["path"]) if scope["method"] == "POST" else None
        if found is None:
            return False
        scope["path_params"] = found.groupdict()
        answer = await self._timed(scope, receive)
        await respond_json(send, answer.status, answer.body, _headers(answer))
        return True

    async def _timed(self, scope: HTTPScope, receive: Receive) -> Answer:
        started = self._clock.monotonic()
        answer = await self._answer(scope, receive, started)
        self._metrics.answered(answer.kind, answer.status, self._clock.monotonic() - started)
        return answer

    async def _answer(self, scope: HTTPScope, receive: Receive, started: float) -> Answer:
        received_at = self._clock.now()
        body = await read_body(receive, self._settings.body_limit, self._settings.body_timeout_s)
        parameters: Mapping[str, Any] = scope["path_params"]
        request = Received(
            provider=_provider(str(parameters["provider"])),
            path=_further_parts(scope),
            body=body.content,
            source=self._source(scope),
            received_at=received_at,
            time_left_s=max(ANSWER_WITHIN_S - (self._clock.monotonic() - started), 0.1),
        )
        fault = self._fault(scope, request.source, body)
        if fault is None:
            return await self._door.receive(request)
        return await self._door.refuse(request, *fault)

    def _source(self, scope: HTTPScope) -> str:
        client = scope["client"]
        peer = "unknown" if client is None else client[0]
        return client_address(peer, header(scope, b"x-forwarded-for"), self._trusted)

    def _fault(self, scope: HTTPScope, source: str, body: Body) -> tuple[int, str, str] | None:
        """HTTP status, kind and sentence, if the request is wrong whatever its message says."""
        settings = self._settings
        if not is_allowed_host(header(scope, b"host"), self._hosts):
            return (
                421,
                "host",
                "This server does not answer for the name in the Host header; see allowed_hosts.",
            )
        if settings.tradingview_addresses_only and source not in TRADINGVIEW:
            return (
                403,
                "address",
                "Only TradingView's addresses may send here; see tradingview_addresses_only.",
            )
        encodings = [one for one in header(scope, b"content-encoding") if one.strip().lower() != "identity"]
        if encodings:
            return 415, "encoding", "The body is compressed (Content-Encoding); send it as it is."
        if body.end is BodyEnd.TOO_LARGE:
            return 413, "too_large", f"The message is larger than {settings.body_limit} bytes."
        if body.end is BodyEnd.GONE:
            return 400, "gone", "The sender hung up, or broke off, before the whole message had arrived."
        if body.end is BodyEnd.TOO_SLOW:
            return 408, "too_slow", f"The message did not arrive within {settings.body_timeout_s:g} s."
        return None


def _headers(answer: Answer) -> dict[str, str]:
    return {} if answer.retry_after_s is None else {"retry-after": str(answer.retry_after_s)}


def _provider(written: str) -> str:
    """What stands there is anybody's text: some put their key into it, and no database takes a NUL."""
    if written.isascii() and written.isalnum() and len(written) <= _LONGEST_PROVIDER:
        return written  # no key, since each has an underscore
    shown = "".join(character if character.isprintable() else "�" for character in redacted_text(written))
    return shown[:_LONGEST_PROVIDER]


def _further_parts(scope: HTTPScope) -> tuple[str, ...]:
    """The address's parts behind `/webhook/`, from the path as it came where it reads like one."""
    parts = split(scope["raw_path"])
    if len(parts) >= _ROUTED and (parts[0], parts[2]) == ("api", "webhook"):
        return parts[_ROUTED:]
    rest = str(scope["path_params"].get("rest", ""))
    return tuple(part for part in rest.split("/") if part)


def is_webhook(path: str) -> bool:
    """Whether `path` is, or was meant as, a provider's address."""
    return path.startswith("/api/") and "/webhook" in path
