"""The venue as a server: the routes, and how a fault spoils an answer.

| route | answers |
|---|---|
| `POST /accounts` | opens an account unless it exists |
| `POST /orders` | 201 accepted, 409 duplicate, 429 too many, 422 any other refusal |
| `POST /cancel` | the outcome |
| `GET /order?account=&client_id=&fence=` | the order, or proof of its absence |
| `GET /orders?account=` | the open orders |
| `GET /executions?account=&since=` | the fills from `since` (ISO 8601) on |
| `GET /positions`, `GET /balances` `?account=` | |
| `GET /resolve`, `GET /quote` `?account=&symbol=`, `GET /rate?currency=&base=` | |
| `GET /book` | everything of every account |
| `POST /faults`, `DELETE /faults` | load faults, forget them |
| `GET /health` | 503 once an account has stopped trading |
| WebSocket `/events?account=` | what happens from now on |
"""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from tradewire import Accepted, Rejected, RejectKind, as_utc
from tradewire_paper import markets
from tradewire_paper.answers import UNREADABLE
from tradewire_paper.desk import Desk, Receipt
from tradewire_paper.faults import FaultKind
from tradewire_paper.feed import Listener
from tradewire_paper.http import Broken, Reply, Request
from tradewire_paper.venue import Venue, Voided
from tradewire_paper.wire import (
    Books,
    Cancel,
    Cancelled,
    Executions,
    Health,
    Instruments,
    OpenAccount,
    Orders,
    Positions,
    Problem,
    Quoted,
    Rate,
    Script,
    Submit,
)

_REFUSED = {RejectKind.DUPLICATE: 409, RejectKind.RATE_LIMITED: 429}
_HTML = b"<!doctype html><title>Bad gateway</title><p>The venue is being restarted."


class Server:
    """Answers requests for a venue; `handle` and `subscribe` are what a connection needs."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._routes: dict[tuple[str, str], Callable[[Request], Awaitable[Reply | Broken]]] = {
            ("POST", "/accounts"): self._open,
            ("POST", "/orders"): self._submit,
            ("POST", "/cancel"): self._cancel,
            ("GET", "/order"): self._find,
            ("GET", "/orders"): self._open_orders,
            ("GET", "/executions"): self._executions,
            ("GET", "/positions"): self._positions,
            ("GET", "/balances"): self._balances,
            ("GET", "/resolve"): self._resolve,
            ("GET", "/quote"): self._quote,
            ("GET", "/rate"): self._rate,
            ("GET", "/book"): self._book,
            ("POST", "/faults"): self._load,
            ("DELETE", "/faults"): self._forget,
            ("GET", "/health"): self._health,
        }

    async def handle(self, request: Request) -> Reply | Broken:
        route = self._routes.get((request.method, request.path))
        if route is None:
            return _problem(404, f"There is no {request.method} {request.path} here.")
        try:
            return await route(request)
        except KeyError as missing:
            return _problem(400, f"The request lacks {missing.args[0]}.")
        except (*UNREADABLE, ValueError) as wrong:
            return _problem(400, f"The request is not understood: {wrong}.")
        except OSError as broken:
            return _problem(500, f"The venue could not store it: {broken}.")

    async def subscribe(self, request: Request) -> tuple[Listener, Callable[[], None]] | None:
        if request.path != "/events" or "account" not in request.query:
            return None
        feed = (await self._desk(request)).feed
        listener = feed.subscribe()
        return listener, lambda: feed.leave(listener)

    async def _desk(self, request: Request) -> Desk:
        return await self._venue.desk(request.query["account"])

    async def _open(self, request: Request) -> Reply:
        desk = await self._venue.open_account(msgspec.json.decode(request.body, type=OpenAccount))
        return _reply(desk.balances())

    async def _submit(self, request: Request) -> Reply | Broken:
        wanted = msgspec.json.decode(request.body, type=Submit)
        try:
            receipt = await self._venue.submit(wanted)
        except Voided as void:
            return _problem(410, str(void))
        return _spoiled(receipt)

    async def _cancel(self, request: Request) -> Reply:
        wanted = msgspec.json.decode(request.body, type=Cancel)
        desk = await self._venue.desk(wanted.account)
        return _reply(Cancelled(outcome=await desk.cancel(wanted.client_id)))

    async def _find(self, request: Request) -> Reply:
        query = request.query
        fence = int(query.get("fence", "0"))
        return _reply(await self._venue.find(query["account"], query["client_id"], fence))

    async def _open_orders(self, request: Request) -> Reply:
        orders = (await self._desk(request)).book.open_orders()
        return _reply(Orders(orders=tuple(order.as_state() for order in orders)))

    async def _executions(self, request: Request) -> Reply:
        desk = await self._desk(request)
        since = as_utc(datetime.fromisoformat(request.query["since"]))
        return _reply(Executions(executions=desk.executions(since)))

    async def _positions(self, request: Request) -> Reply:
        return _reply(Positions(positions=(await self._desk(request)).book.positions()))

    async def _balances(self, request: Request) -> Reply:
        return _reply((await self._desk(request)).balances())

    async def _resolve(self, request: Request) -> Reply:
        known = (await self._desk(request)).resolve(request.query["symbol"])
        return _reply(Instruments(instruments=() if known is None else (known,)))

    async def _quote(self, request: Request) -> Reply:
        desk = await self._desk(request)
        known = desk.resolve(request.query["symbol"])
        return _reply(Quoted(quote=None if known is None else desk.quote(known)))

    async def _rate(self, request: Request) -> Reply:
        return _reply(Rate(rate=markets.rate(request.query["currency"], request.query["base"])))

    async def _book(self, request: Request) -> Reply:
        return _reply(Books(accounts=self._venue.books()))

    async def _load(self, request: Request) -> Reply:
        script = msgspec.json.decode(request.body, type=Script)
        self._venue.script.load(script.faults)
        return _reply(script)

    async def _forget(self, request: Request) -> Reply:
        self._venue.script.clear()
        return _reply(Script(faults=()))

    async def _health(self, request: Request) -> Reply:
        failure = self._venue.failure
        if failure is not None:
            return _problem(503, f"An account has stopped trading: {failure}.")
        return _reply(Health(status="ok", accounts=len(self._venue.books()), pid=os.getpid()))


def _spoiled(receipt: Receipt) -> Reply | Broken:
    """The answer to an order, as its fault lets it through."""
    match receipt.fault:
        case FaultKind.ACCEPT_THEN_HANG | FaultKind.DROP_THEN_HANG:
            return Broken.HANG
        case FaultKind.ACCEPT_THEN_RESET | FaultKind.DROP:
            return Broken.RESET
        case FaultKind.ACCEPT_THEN_500:
            return _problem(500, "The venue has failed.")
        case FaultKind.ACCEPT_THEN_HTML:
            return Reply(status=200, body=_HTML, content_type="text/html")
    return _answer(receipt.result)


def _answer(result: Accepted | Rejected) -> Reply:
    status = 201 if isinstance(result, Accepted) else _REFUSED.get(result.kind, 422)
    return _reply(result, status)


def _reply(body: msgspec.Struct, status: int = 200) -> Reply:
    return Reply(status=status, body=msgspec.json.encode(body))


def _problem(status: int, sentence: str) -> Reply:
    return _reply(Problem(error=sentence), status)
