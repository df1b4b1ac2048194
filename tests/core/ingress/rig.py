"""A door with a real store, keys and plugins behind it, and the server on a free port in front of it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
from sqlalchemy import Table, insert, select, update

import plain_http
from starting_points import discovered
from tradewire.domain.algorithm import Algorithm, AlgorithmState, EntrySignal, Plugged, Validity, ValidityKind
from tradewire.domain.clock import Clock
from tradewire.domain.order import Side
from tradewire.ingress.answers import Answer
from tradewire.ingress.door import Door
from tradewire.ingress.request import Received
from tradewire.plugins import Plugins
from tradewire.security.keyring import KeyRow, KeyTable
from tradewire.security.keys import last4, new_key
from tradewire.security.lockout import Lockout
from tradewire.security.sealing import Secrets
from tradewire.server.app import create_app
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.health import HealthReport
from tradewire.settings import ServerSettings, Settings
from tradewire.store.database import Store, open_store
from tradewire.store.schema import algorithms, connections, keys, signals
from tradewire.testing.clock import FakeClock

#: A busy machine may let more than two seconds pass between a connection and the headers on it.
PATIENT = ServerSettings(port=0, header_timeout_s=60)


class Rig:
    """Everything a test needs to post a message and to look at what became of it."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        settings: Settings | None = None,
        plugins: Plugins | None = None,
        wrap_store: Callable[[Store], Store] = lambda store: store,
    ) -> None:
        """On the database at `url`, which has its tables."""
        self.clock = clock or FakeClock()
        self.settings = settings or Settings(server=PATIENT)
        self.store = wrap_store(open_store(url))
        self.plugins = plugins or discovered()
        self.secrets = Secrets.new()
        self.ring = KeyTable(self.secrets.digest)
        self.rows: list[KeyRow] = []
        self.rung = 0
        self.health = HealthReport()
        self.door = Door(
            self.store,
            self.plugins,
            self.ring,
            self.clock,
            self.settings,
            self._ring,
            Lockout(self.clock),
        )
        self.key = self.add_key("desk")

    def _ring(self) -> None:
        self.rung += 1

    def add_key(self, connection: str, provider: str = "tradingview") -> str:
        now = self.clock.now()
        self.store.write_now(
            lambda conn: conn.execute(
                insert(connections).values(name=connection, provider=provider, created_at=now)
            )
        )
        return self._new_key(f"key-{connection}", connection, provider)

    def replace_key(self, connection: str, provider: str = "tradingview") -> str:
        """A new key for a connection whose only key is revoked with it."""
        self.revoke(connection)
        return self._new_key(f"key-{connection}-2", connection, provider)

    def _new_key(self, key_id: str, connection: str, provider: str) -> str:
        key = new_key()
        row = {"id": key_id, "connection": connection, "digest": self.secrets.digest(key)}
        made = {"last4": last4(key), "created_at": self.clock.now()}
        self.store.write_now(lambda conn: conn.execute(insert(keys).values(**row, **made)))
        self.rows.append(
            KeyRow(key_id=key_id, connection=connection, provider=provider, digest=row["digest"])
        )
        self.ring.replace(self.rows)
        return key

    def revoke(self, connection: str, *, ring_too: bool = True) -> None:
        now = self.clock.now()
        self.store.write_now(
            lambda conn: conn.execute(
                update(keys).where(keys.c.connection == connection).values(revoked_at=now)
            )
        )
        if ring_too:
            self.rows = [
                msgspec.structs.replace(row, revoked_at=now) if row.connection == connection else row
                for row in self.rows
            ]
            self.ring.replace(self.rows)

    def add_algorithm(self, name: str, strategy: str, window_s: float | None = None, **changes: Any) -> None:
        params = {} if window_s is None else {"window_s": window_s}
        algorithm = Algorithm(
            id=name,
            name=name,
            account_id="paper",
            signal=EntrySignal(id=strategy),
            symbol="AAPL",
            side=Side.BUY,
            quantity=Decimal(1),
            blueprint=Plugged(name="market"),
            guardians=() if window_s is None else (Plugged(name="duplicate_signal", params=params),),
            validity=Validity(kind=ValidityKind.GTC),
            state=AlgorithmState.STARTED,
            created_at=self.clock.now(),
        )
        algorithm = msgspec.structs.replace(algorithm, **changes)
        self.store.write_now(
            lambda conn: conn.execute(
                insert(algorithms).values(
                    id=name,
                    name=name,
                    account_id="paper",
                    provider=algorithm.signal.provider,
                    state=algorithm.state.value,
                    document=algorithm,
                )
            )
        )

    def message(self, **fields: Any) -> bytes:
        """A message of the desk's that fills, with `fields` over it."""
        return msgspec.json.encode(
            {"apiKey": self.key, "strategyId": "s1", "symbol": "AAPL", "action": "BUY", "qty": 100} | fields
        )

    def receive(self, body: bytes, provider: str = "tradingview", **fields: Any) -> Answer:
        """Straight through the door, without HTTP."""
        return asyncio.run(self.door.receive(self.request(body, provider=provider, **fields)))

    def request(self, body: bytes, **fields: Any) -> Received:
        values: dict[str, Any] = {"provider": "tradingview", "source": "192.0.2.7"}
        return Received(body=body, received_at=self.clock.now(), **(values | fields))

    def rows_of(self, table: Table) -> Sequence[Any]:
        return self.store.read_now(lambda conn: conn.execute(select(table)).all())

    def signals(self) -> Sequence[Any]:
        return self.store.read_now(lambda conn: conn.execute(select(signals).order_by(signals.c.seq)).all())

    def statuses(self) -> list[str]:
        return [row.status for row in self.signals()]

    def advance(self, seconds: float) -> datetime:
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(seconds)
        return self.clock.now()


class Served:
    """The rig's server on a thread of its own; `post` speaks to it as TradingView does."""

    def __init__(self, rig: Rig, **app: Any) -> None:
        self.rig = rig
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self.at = ListeningAt(host="", port=0)
        self._thread = threading.Thread(target=self._run, name="server")

    def __enter__(self) -> "Served":
        self._thread.start()
        self._ready.wait(60)
        if self._error is not None:
            raise self._error
        self.client = plain_http.Client(base_url=self.at.url, timeout=60, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        assert not self._thread.is_alive()

    def post(self, body: bytes, path: str = "/api/tradingview/webhook", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=body, headers=named)

    def _run(self) -> None:
        def ready(at: ListeningAt) -> None:
            self.at = at
            self._ready.set()

        try:
            app = create_app(
                door=self.rig.door,
                clock=self.rig.clock,
                settings=self.rig.settings.server,
                health=lambda: self.rig.health,
                **self._app,
            )
            running = serve(app, self.rig.settings.server, stop=self._stop, on_ready=ready)
            self._loop.run_until_complete(running)
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()
