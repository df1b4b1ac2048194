"""Reading an answer that may never end: whoever names an address may have named anything."""

import asyncio
from typing import TYPE_CHECKING, Any

from tradewire.cli.exits import Exit, Stop

if TYPE_CHECKING:
    import httpx

#: The longest answer that a command keeps in memory, in bytes; what is longer comes in pieces.
MOST = 64 * 1024 * 1024
#: What one call over the network may take in all, in seconds, however slowly it is answered.
WHOLE_S = 120.0


async def whole(
    client: "httpx.AsyncClient", where: str, method: str, path: str, within_s: float | None, **options: Any
) -> tuple[int, bytes]:
    """Status and content; ends the command where that is too much, or is not there `within_s` seconds."""
    try:
        async with asyncio.timeout(within_s), client.stream(method, path, **options) as response:
            return response.status_code, await content(response, where)
    except TimeoutError:
        raise Stop(
            Exit.UNREACHABLE,
            f"{where} did not finish its answer within {within_s:.0f} s. Is that a Tradewire?",
        ) from None


async def content(response: "httpx.Response", where: str) -> bytes:
    """All of it, in memory."""
    found = bytearray()
    async for piece in response.aiter_bytes():
        found += piece
        if len(found) > MOST:
            raise Stop(
                Exit.UNREACHABLE,
                f"{where} answered with more than {MOST // 1024 // 1024} MiB, of which nothing was used. "
                "Is that a Tradewire?",
            )
    return bytes(found)
