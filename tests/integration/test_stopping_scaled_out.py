"""`tradewire serve` and `tradewire worker` while they stop: whoever asks is told to ask again."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

import plain_http
from servers.valkey import Valkey
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.core import Core
from tradewire.runtime.folder import DataFolder
from tradewire.runtime.serve import run_serve
from tradewire.runtime.worker import run_worker
from tradewire.settings import Settings, load_settings

WEBHOOK = "/api/tradingview/webhook"


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str, valkey: Valkey) -> Settings:
    given = {
        "TRADEWIRE_DATABASE_URL": postgres_url,
        "TRADEWIRE_DRAMATIQ_URL": valkey.url,
        "TRADEWIRE_SERVER__PORT": "0",
        "TRADEWIRE_WORKER__PORT": "0",
    }
    return load_settings(tmp_path / "none.toml", given)


class Asked:
    """Asks `path` for an answer at the moment in which the process closes what it has open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
        self.url = ""
        self.answers: list[int | str] = []
        close = Core.close

        def asked(core: Core) -> None:
            try:
                self.answers.append(
                    plain_http.post(f"{self.url}{path}", content=b"{}", timeout=30).status_code
                )
            except httpx.TransportError as error:
                self.answers.append(type(error).__name__)
            close(core)

        monkeypatch.setattr(Core, "close", asked)


def test_a_serve_that_stops_answers_503_until_everything_is_closed(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(monkeypatch, WEBHOOK)

    async def go() -> None:
        stop = asyncio.Event()

        def ready(_: Core, at: Any) -> None:
            asked.url = at.url
            stop.set()

        await run_serve(DataFolder(tmp_path / "data"), settings, SystemClock(), on_ready=ready, stop=stop)

    asyncio.run(go())
    assert asked.answers[0] == 503


def test_a_worker_that_stops_answers_503_until_everything_is_closed(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(monkeypatch, "/health")

    async def go() -> None:
        stop = asyncio.Event()

        def ready(_: Any, told: Any) -> None:
            asked.url = told.at.url
            stop.set()

        await run_worker(DataFolder(tmp_path / "data"), settings, SystemClock(), on_ready=ready, stop=stop)

    asyncio.run(go())
    assert asked.answers[0] == 503
