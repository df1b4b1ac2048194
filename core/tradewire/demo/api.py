"""The running Tradewire's API, as far as the demo needs it."""

from typing import Any, TypeVar

import httpx
import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.services.algorithm_view import AlgorithmView
from tradewire.services.fills import FillPage
from tradewire.services.keys import RevealedKey
from tradewire.services.orders import OrderPage
from tradewire.services.paging import MOST
from tradewire.services.positions import Grouping, PositionList
from tradewire.services.refusals import RefusalPage
from tradewire.services.signal_story import SignalStory
from tradewire.services.signals import SignalPage

T = TypeVar("T")


class Api:
    """Raises `Unhonoured` with the API's own sentence where it refuses, `httpx.HTTPError` without one."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def add_account(self, name: str, config: dict[str, Any]) -> None:
        await self._post("/accounts", {"name": name, "broker": "paper", "config": config})

    async def add_algorithm(self, toml: str) -> None:
        await self._post("/algorithms", {"toml": toml})

    async def start_algorithm(self, name: str) -> None:
        await self._post(f"/algorithms/{name}/start", {})

    async def algorithms(self) -> tuple[AlgorithmView, ...]:
        return await self._get("/algorithms", tuple[AlgorithmView, ...])

    async def new_key(self, connection: str) -> str:
        """The secret of a new key."""
        content = await self._post("/keys", {"connection": connection, "provider": "tradingview"})
        return msgspec.json.decode(content, type=RevealedKey).secret

    async def story(self, signal_id: str) -> SignalStory:
        return await self._get(f"/signals/{signal_id}", SignalStory)

    async def signals(self) -> SignalPage:
        return await self._get("/signals", SignalPage, limit=MOST)

    async def refused(self) -> RefusalPage:
        return await self._get("/refused", RefusalPage, limit=MOST)

    async def orders(self) -> OrderPage:
        return await self._get("/orders", OrderPage, limit=MOST)

    async def fills(self) -> FillPage:
        return await self._get("/fills", FillPage, limit=MOST)

    async def positions(self, by: Grouping) -> PositionList:
        return await self._get("/positions", PositionList, by=by.value, flat="true")

    async def ledger(self) -> str:
        """The whole ledger as JSONL."""
        return (await self._ask("GET", "/audit/export", params={"form": "jsonl"})).decode()

    async def _get(self, path: str, kind: type[T], **query: Any) -> T:
        return msgspec.json.decode(await self._ask("GET", path, params=query), type=kind)

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        return await self._ask("POST", path, content=msgspec.json.encode(body))

    async def _ask(self, method: str, path: str, **options: Any) -> bytes:
        answer = await self._client.request(method, f"/api/v1{path}", headers=self._headers, **options)
        if answer.is_error:
            raise Unhonoured(f"The API answered {method} {path} with {answer.status_code}: {answer.text}")
        return answer.content
