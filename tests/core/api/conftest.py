"""The API over the services of a fresh store, asked in process."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from core.services.conftest import (  # noqa: F401 - fixtures
    bells,
    breakout,
    clock,
    key_table,
    make,
    paper,
    plugins,
    run,
    secrets,
    services,
    store,
)
from tradewire.api.app import api_app
from tradewire.services.services import Services

LOCAL = "local-token-of-this-process"


class Client:
    """The API as blocking calls, with a token that may be changed."""

    def __init__(self, app: Any, runner: Callable[..., Any]) -> None:
        self._app = app
        self._run = runner
        self.token: str | None = LOCAL

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer: httpx.Response = self._run(self._ask(method, path, options))
        return answer

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"} if self.token is not None else {}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app), base_url="http://test", headers=headers
        ) as client:
            return await client.request(method, f"/api/v1{path}", **options)


@pytest.fixture
def api(services: Services, run: Callable[..., Any]) -> Client:  # noqa: F811
    return Client(api_app(services, local_token=LOCAL), run)
