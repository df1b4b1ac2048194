"""Sending one JSON answer without an app."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.types import Send


async def respond_json(send: Send, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    """Send `body` whole; `headers` in lower case."""
    content = msgspec.json.encode(body)
    fields = {
        "content-type": "application/json",
        "content-length": str(len(content)),
        "cache-control": "no-store",
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
