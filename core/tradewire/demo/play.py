"""Sends the messages and follows each through the API until it has ended."""

import asyncio
from collections.abc import Callable, Sequence

import httpx
import msgspec
from msgspec.structs import replace

from tradewire.contract.errors import Unhonoured
from tradewire.demo.api import Api
from tradewire.demo.progress import Row
from tradewire.demo.script import Answered, Post
from tradewire.domain.clock import Clock

_POLL_S = 0.03
#: A message that has not ended by then is shown as it is, and the demo fails over it.
_ENDS_WITHIN_S = 20.0


class _Answer(msgspec.Struct):
    status: str = ""
    id: str | None = None
    of: str | None = None
    field: str | None = None
    reason: str = ""
    message: str = ""


class Player:
    """`show` is called with a message's row whenever it has got further."""

    def __init__(
        self, client: httpx.AsyncClient, webhook: str, api: Api, clock: Clock, show: Callable[[Row], None]
    ) -> None:
        self._client = client
        self._webhook = webhook
        self._api = api
        self._clock = clock
        self._show = show

    async def play(self, posts: Sequence[Post], pause_s: float) -> tuple[Row, ...]:
        """Every message, `pause_s` apart so that they can be watched; their last rows in order.

        Raises `Unhonoured` where Tradewire is gone or its API refuses.
        """
        following: list[asyncio.Task[Row]] = []
        try:
            async with asyncio.TaskGroup() as group:
                for post in posts:
                    if post.waits and following:
                        await asyncio.wait(following)
                    row = await self._send(post)
                    following.append(group.create_task(self._follow(row)))
                    await asyncio.sleep(pause_s)
        except ExceptionGroup as several:
            first = several.exceptions[0]
            why = str(first) or type(first).__name__
            raise Unhonoured(f"The demo could not go on: {why}") from several
        return tuple(task.result() for task in following)

    async def _send(self, post: Post) -> Row:
        self._show(Row(post=post))
        started = self._clock.monotonic()
        try:
            response = await self._client.post(
                self._webhook, content=post.body, headers={"content-type": post.content_type}
            )
        except httpx.HTTPError as error:
            raise Unhonoured(
                f'Tradewire gave no answer to "{post.name}" ({type(error).__name__}).'
            ) from error
        elapsed_ms = (self._clock.monotonic() - started) * 1000
        answer = _read(response.content)
        row = Row(
            post=post,
            http_status=response.status_code,
            answered=answer.status,
            answer_ms=elapsed_ms,
            signal_id=answer.id or answer.of,
            detail=" ".join(part for part in (answer.field, answer.reason or answer.message) if part),
        )
        self._show(row)
        return row

    async def _follow(self, row: Row) -> Row:
        deadline = self._clock.monotonic() + _ENDS_WITHIN_S
        while row.signal_id is not None and row.answered == Answered.ACCEPTED:
            story = await self._api.story(row.signal_id)
            if story != row.story:
                row = replace(row, story=story)
                self._show(row)
            if row.has_ended or self._clock.monotonic() > deadline:
                break
            await asyncio.sleep(_POLL_S)
        return row


def _read(content: bytes) -> _Answer:
    try:
        return msgspec.json.decode(content, type=_Answer)
    except msgspec.MsgspecError:
        return _Answer(status="unreadable", reason=content[:80].decode("utf-8", "replace"))
