"""Sending one JSON answer."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.types import Send

JSON = "application/json"


async def respond(
    send: Send,
    status: int,
    content: bytes,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> None:
    """Send `content` whole; `headers` in lower case."""
    fields = {
        "content-type": media_type,
        "content-length": str(len(content)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **(headers or {}),
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
        }
    )
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def respond_json(send: Send, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    await respond(send, status, msgspec.json.encode(body), headers)
