"""Reading a request's body: never more than the limit, never longer than the time-out."""

import asyncio
from enum import StrEnum

from litestar.types import HTTPScope, Receive

from tradewire.domain.base import Struct

#: What is read and thrown away beyond the limit, so that a sender gets to read why, in bytes.
_DRAINED = 4 * 1024 * 1024


class BodyEnd(StrEnum):
    WHOLE = "whole"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    GONE = "gone"


class Body(Struct):
    """At most the limit of what came, and how it ended. GONE: cut off, and perhaps nobody to be answered."""

    content: bytes
    end: BodyEnd


async def read_body(receive: Receive, limit: int, timeout_s: float) -> Body:
    """The body, with or without a Content-Length."""
    parts: list[bytes] = []
    size = 0
    end = BodyEnd.WHOLE
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return Body(content=b"".join(parts), end=BodyEnd.GONE)
                part = message["body"]
                parts.append(part[: max(limit - size, 0)])
                size += len(part)
                end = BodyEnd.TOO_LARGE if size > limit else end
                if not message["more_body"] or size > _DRAINED:
                    break
    except TimeoutError:
        end = BodyEnd.TOO_LARGE if size > limit else BodyEnd.TOO_SLOW
    return Body(content=b"".join(parts), end=end)


def header(scope: HTTPScope, name: bytes) -> list[str]:
    """Every value of a header, in order; `name` in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
