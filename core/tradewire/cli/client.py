"""Talking to the API: of the running Tradewire, or of one opened in this process for a moment."""

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tradewire.cli import bounded
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import Common
from tradewire.domain.base import Struct
from tradewire.security.redaction import redact_text

if TYPE_CHECKING:
    import asyncio

    import httpx

    from tradewire.runtime.folder import DataFolder, FolderInUse, Instance

T = TypeVar("T")

_PATH = "/api/v1"
#: Another command may hold the folder for a moment, or a Tradewire that is starting.
_PATIENCE_S = 10.0
_TIMEOUT_S = 30.0


class _Error(Struct):
    error: str = ""
    code: str = ""
    problems: tuple[str, ...] = ()


class Answer:
    """What came back: `content` as it is, `read` decoded."""

    def __init__(self, content: bytes, where: str) -> None:
        self.content = content
        self._where = where

    def read(self, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self.content, type=kind)
        except msgspec.MsgspecError as error:
            raise Stop(
                Exit.UNREACHABLE,
                f"{self._where} does not answer as this version of Tradewire does ({error}). Is it another "
                "version, or something else?",
            ) from error


class Api:
    """The API as blocking calls; every refusal ends the command with its sentence."""

    def __init__(
        self, runner: "asyncio.Runner", client: "httpx.AsyncClient", where: str, within_s: float | None = None
    ) -> None:
        """`within_s` bounds each call but those in pieces; None where nobody else answers."""
        self._runner = runner
        self._client = client
        self._where = where
        self._within_s = within_s
        self._streams: list[AsyncGenerator[bytes, None]] = []

    def close(self) -> None:
        """End the answers that nobody has read to their end, such as where a disk had no room for them."""
        for pieces in self._streams:
            self._runner.run(pieces.aclose())

    def get(self, path: str, **query: Any) -> Answer:
        given = {name: _text(value) for name, value in query.items() if value is not None}
        return self._ask("GET", path, params=given)

    def post(self, path: str, body: Any = None) -> Answer:
        return self._ask("POST", path, content=msgspec.json.encode({} if body is None else body))

    def put(self, path: str, body: Any) -> Answer:
        return self._ask("PUT", path, content=msgspec.json.encode(body))

    def patch(self, path: str, body: Any) -> Answer:
        return self._ask("PATCH", path, content=msgspec.json.encode(body))

    def delete(self, path: str) -> Answer:
        return self._ask("DELETE", path)

    def stream(self, path: str, **query: Any) -> Iterator[bytes]:
        """The answer in pieces, as they come."""
        given = {name: _text(value) for name, value in query.items() if value is not None}
        yield from self._all(self._pieces("GET", path, given))

    def post_stream(self, path: str) -> Iterator[bytes]:
        """The same for what is not looked up but made."""
        yield from self._all(self._pieces("POST", path, {}))

    def _all(self, pieces: AsyncGenerator[bytes, None]) -> Iterator[bytes]:
        self._streams.append(pieces)
        while (piece := self._runner.run(_next(pieces))) is not None:
            yield piece

    def _ask(self, method: str, path: str, **options: Any) -> Answer:
        return self._runner.run(self._send(method, path, options))

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> Answer:
        import httpx

        try:
            status, content = await bounded.whole(
                self._client, self._where, method, _PATH + path, self._within_s, **options
            )
        except httpx.HTTPError as error:
            raise unreachable(self._where, error) from error
        _check(status, content)
        return Answer(content, self._where)

    async def _pieces(self, method: str, path: str, query: dict[str, str]) -> AsyncGenerator[bytes, None]:
        import httpx

        try:
            async with self._client.stream(method, _PATH + path, params=query) as response:
                if response.status_code >= 400:
                    _check(response.status_code, await bounded.content(response, self._where))
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx.HTTPError as error:
            raise unreachable(self._where, error) from error


@contextmanager
def connect(common: Common) -> Iterator[Api]:
    """The API that `common` names, until the block ends."""
    import asyncio

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        client, where, within_s = runner.run(stack.enter_async_context(_client(common)))
        api = Api(runner, client, where, within_s)
        try:
            yield api
        finally:
            api.close()
            runner.run(stack.aclose())


@asynccontextmanager
async def _client(common: Common) -> "AsyncIterator[tuple[httpx.AsyncClient, str, float | None]]":
    import asyncio

    import httpx

    from tradewire.runtime.folder import DataFolder, FolderInUse

    if common.url is not None:
        token = os.environ.get("TRADEWIRE_TOKEN")
        if not token:
            raise Stop(Exit.USAGE, "Put the API token of that Tradewire into the variable TRADEWIRE_TOKEN.")
        async with httpx.AsyncClient(
            base_url=common.url, headers=_headers(token), timeout=_TIMEOUT_S
        ) as client:
            yield client, redact_text(common.url), bounded.WHOLE_S
        return
    folder = DataFolder(common.data)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        running = folder.running()
        if running is not None:
            # The instance's own certificate may be for its public name, and this never leaves the machine:
            # not by a proxy either, whatever the environment says.
            async with httpx.AsyncClient(
                base_url=running.url,
                headers=_headers(running.token),
                timeout=_TIMEOUT_S,
                verify=False,
                trust_env=False,
            ) as client:
                yield client, running.url, bounded.WHOLE_S
            return
        stack = AsyncExitStack()
        try:
            client = await stack.enter_async_context(_in_process(folder))
        except FolderInUse as busy:
            if time.monotonic() > deadline:
                raise Stop(Exit.UNREACHABLE, _starting(folder, busy)) from busy
            await asyncio.sleep(0.1)
            continue
        async with stack:
            yield client, str(folder.path), None
        return


@asynccontextmanager
async def _in_process(folder: "DataFolder") -> "AsyncIterator[httpx.AsyncClient]":
    """The same API, without a server: the folder's lock is held until the block ends."""
    import asyncio
    import secrets

    import httpx

    from tradewire.api.app import api_app
    from tradewire.cli.in_process import open_services

    token = secrets.token_urlsafe(32)
    opening = open_services(folder)
    # In a thread, both times: connections to PostgreSQL have loops of their own, which cannot run in it.
    services = await asyncio.to_thread(opening.__enter__)
    try:
        app: Any = api_app(services, local_token=token)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://tradewire.local", headers=_headers(token)
        ) as client:
            yield client
    finally:
        await asyncio.to_thread(opening.__exit__, None, None, None)


def running_on(folder: "DataFolder") -> "Instance | None":
    """The Tradewire that runs on the folder; one that is starting is waited for."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := folder.running()) is None and folder.is_in_use() and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _starting(folder: "DataFolder", busy: "FolderInUse") -> str:
    """Of who holds the folder and has not said yet where it listens."""
    who = "Another process" if busy.pid is None else f"The process {busy.pid}"
    return (
        f"{who} holds {folder.path} and does not answer yet: a Tradewire that is starting or stopping, or "
        "another command. Try again in a moment."
    )


def unreachable(where: str, error: Exception) -> Stop:
    why = (str(error) or type(error).__name__).rstrip(".")
    return Stop(Exit.UNREACHABLE, f"The Tradewire at {where} does not answer; does it still run? ({why})")


async def _next(pieces: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(pieces, None)


def _headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def _check(status: int, content: bytes) -> None:
    if status < 400:
        return
    try:
        told = msgspec.json.decode(content, type=_Error)
    except msgspec.MsgspecError:
        told = _Error()
    raise Stop(Exit.REFUSED, told.error or f"Tradewire answered {status}.", told.problems)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
