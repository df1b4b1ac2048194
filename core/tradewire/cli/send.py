"""`tradewire signal send`: a real webhook message, as TradingView posts it."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from tradewire.cli import bounded, screen
from tradewire.cli.ask import hidden
from tradewire.cli.client import running_on, unreachable
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.serving import serving_on
from tradewire.domain.base import Struct
from tradewire.security.redaction import redact_text

_TIMEOUT_S = 10.0


class _Told(Struct):
    status: str = ""
    id: str = ""
    of: str = ""
    reason: str = ""
    message: str = ""

    def refusal(self, status: int) -> str:
        """The door's own sentence."""
        said = self.message or self.reason
        return said if said else f"Tradewire answered {status}."


def send(
    *,
    strategy: Annotated[
        str, Parameter(help="The strategyId: an algorithm's Entry Signal ID.")
    ] = "my_strategy_1",
    symbol: Annotated[str | None, Parameter(help="The ticker.")] = None,
    action: Annotated[
        Literal["buy", "sell", "add", "exit", "reverse", "target", "cancel"] | None,
        Parameter(help="What to do."),
    ] = None,
    qty: Annotated[
        str | None, Parameter(help="How much, in units; of a target the position, below 0 a short one.")
    ] = None,
    position: Annotated[
        str | None,
        Parameter(help="The position that a buy or sell leads to: long, short, flat, or a number."),
    ] = None,
    order_type: Annotated[str | None, Parameter(help="market, limit, …")] = None,
    limit_price: Annotated[str | None, Parameter(help="For a limit order.")] = None,
    id: Annotated[
        str | None, Parameter(help="An idempotency key: the same id is done once, for ever.")
    ] = None,
    test: Annotated[
        bool, Parameter(negative="", help="Marked as a test: never sent to a live broker.")
    ] = False,
    provider: Annotated[str, Parameter(help="A format that takes TradingView's messages.")] = "tradingview",
    key_file: Annotated[
        Path | None, Parameter(help="A file with the key; else it is asked for, or stdin.")
    ] = None,
    common: Common = DEFAULT,
) -> None:
    """Post a webhook message to the running Tradewire (or to --url), as an alert would."""
    from tradewire.runtime.clock import SystemClock

    target = common.url or _running(common)
    message = {
        "apiKey": _key(key_file),
        "strategyId": strategy,
        "symbol": symbol,
        "action": action,
        "qty": qty,
        "position": position,
        "orderType": order_type,
        "limitPrice": limit_price,
        "id": id,
        "time": SystemClock().now().isoformat(timespec="milliseconds"),
        "test": test or None,
    }
    body = {name: value for name, value in message.items() if value is not None}
    # What runs on this machine is not reached by the environment's proxy, which would read the key.
    url = f"{target.rstrip('/')}/api/{provider}/webhook"
    status, content = _post(url, body, trust_env=common.url is not None)
    try:
        told = msgspec.json.decode(content, type=_Told)
    except msgspec.MsgspecError:
        told = _Told()
    if status != 200:
        raise Stop(Exit.REFUSED, told.refusal(status))
    if common.json:
        screen.print_json(content)
    elif told.status == "duplicate":
        sys.stdout.write(f"A duplicate of {told.of}: nothing is done twice.\n")
    else:
        sys.stdout.write(f"Accepted as {told.id}. Follow it: tradewire signal show {told.id[:13]}\n")


def _running(common: Common) -> str:
    from tradewire.runtime.folder import DataFolder

    folder = DataFolder(common.data)
    instance = running_on(folder)
    url = instance.url if instance is not None else serving_on(folder)
    if url is None:
        raise Stop(
            Exit.UNREACHABLE,
            f"No Tradewire is running on {common.data}: start it with `tradewire up`, or use --url.",
        )
    return url


def _key(file: Path | None) -> str:
    if file is None:
        return hidden("Webhook key: ")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Stop(Exit.USAGE, f"The key file {file} cannot be read: {error.strerror}.") from error


def _post(url: str, body: dict[str, Any], *, trust_env: bool) -> tuple[int, bytes]:
    """Status and answer."""
    import asyncio

    import httpx

    async def posted() -> tuple[int, bytes]:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=trust_env) as client:
            content, headers = msgspec.json.encode(body), {"content-type": "application/json"}
            where = redact_text(url)
            return await bounded.whole(
                client, where, "POST", url, bounded.WHOLE_S, content=content, headers=headers
            )

    try:
        return asyncio.run(posted())
    except httpx.HTTPError as error:
        raise unreachable(url, error) from error
