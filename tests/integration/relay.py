"""A whole Tradewire in the test's process: real sockets, a real store, the paper broker."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import Connection, Row, Table, select

import plain_http
from sending import sent
from starting_points import empty_database
from tradewire.domain.clock import Clock
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.core import Core
from tradewire.runtime.embedded import run_embedded
from tradewire.runtime.folder import DataFolder
from tradewire.services.accounts import NewAccount
from tradewire.settings import Settings, load_settings
from tradewire.store.schema import parent_orders, signals

#: Generous, since it only bounds a test that has failed already.
PATIENCE_S = 60.0

_ANY_SIZE = """
name = "{name}"
account = "{account}"
symbol = "{symbol}"
side = "buy"
{size}
blueprint = "market"
allow_shorts = {shorts}
{more}
[signal]
id = "{signal}"
[dynamic]
symbol = true
action = true
quantity = true
order = true
[validity]
kind = "gtc"
[guardians.max_position]
{max_position}
[guardians.max_order_notional]
notional = 100000000
"""

#: One that trades a fixed quantity.
ALGORITHM = _ANY_SIZE.replace("{size}", "quantity = {quantity}").replace("{more}\n", "")


class ShiftedClock:
    """Runs as the machine's clock does, from another moment on; `advance` skips ahead."""

    def __init__(self, start: datetime) -> None:
        self._offset = start - datetime.now(UTC)
        self._skipped = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)
        self._skipped += seconds


class Relay:
    """One running Tradewire and how a test speaks to it."""

    def __init__(self, folder: DataFolder, clock: Clock, settings: Settings) -> None:
        self.folder = folder
        self.key = ""
        self.url = ""
        self.core: Core
        self._clock = clock
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.http = plain_http.Client(timeout=30)

    def start(self) -> None:
        self._thread.start()
        self._ready.result(timeout=PATIENCE_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=PATIENCE_S)
        self.http.close()
        assert not self._thread.is_alive()

    def do(self, work: Any) -> Any:
        """Await a coroutine of the services."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=PATIENCE_S)

    def add_account(self, name: str, **config: Any) -> None:
        self.do(self.core.services.accounts.add(NewAccount(name=name, broker="paper", config=config), "test"))

    def add_algorithm(self, name: str, **changes: Any) -> None:
        """`size` stands instead of its quantity, `more` are further lines of its file, before the tables."""
        fields = {
            "account": "paper",
            "symbol": "AAPL",
            "size": f"quantity = {changes.pop('quantity', 1)}",
            "more": "",
            "signal": name,
            "shorts": "true",
            "max_position": "quantity = 1000000",
        }
        text = _ANY_SIZE.format(name=name, **{**fields, **changes})
        self.do(self.core.services.algorithms.add(text, "test"))
        self.do(self.core.services.algorithms.start(name, "test"))

    def post(self, strategy: str, **fields: Any) -> httpx.Response:
        body = msgspec.json.encode({"apiKey": self.key, "strategyId": strategy, **fields})
        return sent(lambda: self.http.post(f"{self.url}/api/tradingview/webhook", content=body))

    def post_all(self, messages: Sequence[dict[str, Any]]) -> list[httpx.Response]:
        """Post all of them at once."""
        with ThreadPoolExecutor(max_workers=len(messages)) as pool:
            return list(pool.map(lambda message: self.post(**message), messages))

    def rows(self, table: Table) -> Sequence[Row[Any]]:
        in_order = select(table).order_by(*table.primary_key)
        return self.core.store.read_now(lambda conn: conn.execute(in_order).all())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, self.story()
            pause.wait(0.02)

    def settled(self) -> None:
        """Wait until every accepted signal is routed and every parent order has ended."""
        unrouted = select(signals.c.id).where(signals.c.status == "accepted", signals.c.routed_at.is_(None))
        unended = select(parent_orders.c.id).where(parent_orders.c.ended_at.is_(None))

        # Whole rows, some fifty times a second, would be much of what these tests take.
        def is_under_way(conn: Connection) -> bool:
            return any(conn.execute(one.limit(1)).first() is not None for one in (unrouted, unended))

        self.wait_until(lambda: not self.core.store.read_now(is_under_way))

    def story(self) -> str:
        """What stands in the way, for a failing test."""
        orders = [(row.symbol, row.state, row.detail) for row in self.rows(parent_orders)]
        return f"signals: {[(row.status, row.outcome) for row in self.rows(signals)]}; orders: {orders}"

    def _run(self) -> None:
        async def main() -> None:
            serving = asyncio.ensure_future(
                run_embedded(
                    self.folder, self._settings, self._clock, on_ready=self._on_ready, stop=self._stop
                )
            )
            await serving

        try:
            with self.folder.lock():
                self._loop.run_until_complete(main())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise
        finally:
            self._loop.close()

    def _on_ready(self, core: Core, at: Any) -> None:
        self.core = core
        self.url = at.url
        self._ready.set_result(None)


@contextmanager
def running(folder: Path, clock: Clock | None = None, **environment: str) -> Iterator[Relay]:
    """A relay on `folder`, empty or not, and on the database that the tests' own environment names."""
    named = os.environ.get("TRADEWIRE_DATABASE_URL")
    if named:
        environment = {"TRADEWIRE_DATABASE_URL": named, **environment}
    data = DataFolder(folder)
    data.create()
    if "TRADEWIRE_DATABASE_URL" not in environment and not (folder / "tradewire.db").exists():
        empty_database(folder / "tradewire.db")
    settings = load_settings(data.settings_file, {"TRADEWIRE_SERVER__PORT": "0", **environment})
    relay = Relay(data, clock or SystemClock(), settings)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


def prepare(relay: Relay) -> None:
    relay.key = relay.do(relay.core.services.keys.create("main", "tradingview", "test")).secret
    relay.add_account("paper", starting_cash="100000000")
