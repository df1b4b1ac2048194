"""An engine on a bench: real store, real plans, real release and reports; no thread, no loop, no socket."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, insert, select, update

from core.engine.bench_desk import PRICE, BenchDesk, stock
from starting_points import discovered
from tradewire.brokerage import leases
from tradewire.brokerage.market_view import WantKind
from tradewire.brokerage.outcomes import After, store_submitted
from tradewire.brokerage.queries import unsent
from tradewire.brokerage.release import Lease, Withheld, release
from tradewire.brokerage.reports import StoredReports, store_reports
from tradewire.contract.broker import Execution, OrderRequest, OrderUpdate, SubmitResult
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.account import Account
from tradewire.domain.algorithm import (
    Algorithm,
    AlgorithmState,
    Dynamic,
    EntrySignal,
    Plugged,
    Validity,
    ValidityKind,
)
from tradewire.domain.message import Message
from tradewire.domain.order import ChildOrder, ParentOrder, Side
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.engine.account_view import EngineLimits
from tradewire.engine.bells import Bells
from tradewire.engine.guarding import Judge
from tradewire.engine.router import Router
from tradewire.engine.worker import Worker
from tradewire.plugins import Plugins
from tradewire.state import versions
from tradewire.state.rows import child_of, parent_of
from tradewire.state.switches import set_switch
from tradewire.store.database import Store
from tradewire.store.schema import (
    accounts,
    algorithms,
    child_orders,
    fills,
    ledger_entries,
    parent_orders,
    positions,
    signals,
)
from tradewire.testing.clock import FakeClock

T = TypeVar("T")

SUBMIT_S = 10.0
RELEASE_S = 10.0


class Interleaved:
    """A store in which something else happens between a worker's look and its write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.meanwhile: list[Callable[[], object]] = []

    def read_now(self, unit: Callable[[Connection], T]) -> T:
        found = self._store.read_now(unit)
        while self.meanwhile:
            self.meanwhile.pop(0)()
        return found

    def write_now(self, unit: Callable[[Connection], T]) -> T:
        return self._store.write_now(unit)


class Bench:
    """`plugins` defaults to all built-ins, through their entry points."""

    def __init__(
        self, store: Store, plugins: Plugins | None = None, limits: EngineLimits | None = None
    ) -> None:
        self.store = store
        self.clock = FakeClock()
        self.plugins = plugins or discovered()
        self.desk = BenchDesk(self.clock)
        for symbol in ("AAPL", "MSFT", "TSLA", "NVDA", "AMZN"):
            self.desk.symbols[symbol] = (stock(symbol),)
        self.desk.symbols["NASDAQ:AAPL"] = (stock("AAPL"),)
        self.interleaved = Interleaved(store)
        self.limits = limits or EngineLimits()
        self.judge = Judge(self.plugins, deadline_s=30.0)
        self.worker = Worker(
            self.interleaved,  # type: ignore[arg-type]
            self.plugins,
            self.judge,
            self.clock,
            self.limits,
            self.desk,
        )
        self.router = Router(store, self.plugins, self.clock, Bells(), lambda parents: None)
        self.leases: dict[str, Lease] = {}
        self._signals = 0

    # Configuration

    def account(self, account_id: str = "acc", dedupe: DedupeClass = DedupeClass.A, **fields: Any) -> Account:
        account = Account(
            id=account_id, name=account_id, broker="paper", created_at=self.clock.now(), **fields
        )
        self.desk.dedupe[account_id] = dedupe
        row = {"id": account_id, "name": account_id, "document": account, "created_at": self.clock.now()}

        def unit(conn: Connection) -> None:
            conn.execute(insert(accounts).values(row))
            versions.bump(conn, account_id)

        self.store.write_now(unit)
        self.switch(SwitchState.ACTIVE, Scope.GLOBAL, "")
        self.switch(SwitchState.ACTIVE, Scope.ACCOUNT, account_id)
        self.take_lease(account_id)
        return account

    def take_lease(self, account_id: str, owner: str = "me") -> None:
        taken = self.store.write_now(
            partial(leases.take, account_id=account_id, owner=owner, now=self.clock.now(), lease_s=1e6)
        )
        assert taken is not None
        self.leases[account_id] = taken

    def algorithm(self, name: str = "alg", account_id: str = "acc", **fields: Any) -> Algorithm:
        values: dict[str, Any] = {
            "id": name,
            "name": name,
            "account_id": account_id,
            "signal": EntrySignal(id=name),
            "symbol": "AAPL",
            "side": Side.BUY,
            "quantity": Decimal(10),
            "dynamic": Dynamic(symbol=True, action=True, quantity=True, order=True),
            "blueprint": Plugged(name="market"),
            "guardians": (Plugged(name="stale_signal", params={"max_age_s": 86_400}),),
            "validity": Validity(kind=ValidityKind.GTC),
            "state": AlgorithmState.STARTED,
            "created_at": self.clock.now(),
        }
        algorithm = Algorithm(**(values | fields))
        self.store.write_now(
            lambda conn: conn.execute(insert(algorithms).values(_columns(algorithm))).close()
        )
        self.switch(SwitchState.ACTIVE, Scope.ALGORITHM, name)
        return algorithm

    def change_algorithm(self, name: str, **fields: Any) -> None:
        def unit(conn: Connection) -> None:
            before = conn.execute(select(algorithms.c.document).where(algorithms.c.id == name)).scalar_one()
            after = msgspec.structs.replace(before, **fields)
            conn.execute(update(algorithms).where(algorithms.c.id == name).values(_columns(after)))
            versions.bump(conn, after.account_id)

        self.store.write_now(unit)

    def switch(self, state: SwitchState, scope: Scope = Scope.ACCOUNT, scope_id: str = "acc") -> None:
        self.store.write_now(
            partial(
                set_switch,
                scope=scope,
                scope_id=scope_id,
                state=state,
                reason="r",
                by="b",
                now=self.clock.now(),
            )
        )

    # The stages

    def signal(self, strategy_id: str = "alg", digest: str | None = None, **message: Any) -> str:
        """An accepted signal, not routed yet; each has content of its own unless a `digest` is given."""
        self._signals += 1
        signal_id, now = f"signal-{self._signals}", self.clock.now()
        row = {
            "id": signal_id,
            "provider": "tradingview",
            "connection": "main",
            "key_id": "k",
            "source": "127.0.0.1",
            "received_at": now,
            "accepted_at": now,
            "raw": b"{}",
            "message": Message(strategy_id=strategy_id, **message),
            "strategy_id": strategy_id,
            "content_digest": digest or signal_id,
            "test": message.get("test", False),
            "status": "accepted",
        }
        self.store.write_now(lambda conn: conn.execute(insert(signals).values(row)).close())
        return signal_id

    def route(self) -> None:
        self.router.route()

    def work(self, account_id: str = "acc", meanwhile: Callable[[], object] | None = None) -> None:
        """Everything that is due; `meanwhile` happens between the first look and its write."""
        if meanwhile is not None:
            self.interleaved.meanwhile.append(meanwhile)
        self.worker.work(account_id)
        self.interleaved.meanwhile.clear()

    def ask(self, strategy_id: str = "alg", account_id: str = "acc", **message: Any) -> str:
        """A signal, routed and worked."""
        signal_id = self.signal(strategy_id, **message)
        self.route()
        self.work(account_id)
        return signal_id

    def release(self, client_id: str, account_id: str = "acc") -> OrderRequest | Withheld:
        return self.store.write_now(
            partial(
                release,
                client_id=client_id,
                lease=self.leases[account_id],
                now=self.clock.now(),
                submit_timeout_s=SUBMIT_S,
                release_timeout_s=RELEASE_S,
            )
        )

    def submitted(self, client_id: str, result: SubmitResult) -> After:
        return self.store.write_now(
            partial(store_submitted, client_id=client_id, result=result, now=self.clock.now())
        )

    def report(self, *reports: Execution | OrderUpdate, account_id: str = "acc") -> StoredReports:
        return self.store.write_now(
            partial(store_reports, account_id=account_id, reports=reports, now=self.clock.now())
        )

    def write(self, unit: Callable[..., T], **arguments: Any) -> T:
        return self.store.write_now(partial(unit, **arguments))

    # What is stored

    def parents(self, account_id: str | None = None) -> list[ParentOrder]:
        query = select(parent_orders).order_by(parent_orders.c.seq)
        found = self.store.read_now(lambda conn: [parent_of(row) for row in conn.execute(query)])
        return [one for one in found if account_id in (None, one.account_id)]

    def parent(self, signal_id: str, algorithm_id: str = "alg") -> ParentOrder:
        return next(
            one for one in self.parents() if (one.signal_id, one.algorithm_id) == (signal_id, algorithm_id)
        )

    def children(self, parent_id: str | None = None) -> list[ChildOrder]:
        query = select(child_orders).order_by(child_orders.c.seq)
        found = self.store.read_now(lambda conn: [child_of(row) for row in conn.execute(query)])
        return [one for one in found if parent_id in (None, one.parent_id)]

    def child(self, client_id: str) -> ChildOrder:
        return next(one for one in self.children() if one.client_id == client_id)

    def unsent(self, account_id: str = "acc") -> list[ChildOrder]:
        return self.store.read_now(partial(unsent, account_id=account_id))

    def held(self, algorithm_id: str = "alg", instrument_id: str = "AAPL") -> Decimal:
        rows = self.rows(positions)
        return sum(
            (r.quantity for r in rows if (r.algorithm_id, r.instrument_id) == (algorithm_id, instrument_id)),
            Decimal(0),
        )

    def rows(self, table: Any) -> list[Any]:
        # PostgreSQL gives rows in the order of places in its file, which it uses anew.
        in_order = (table.c.seq,) if "seq" in table.c else tuple(table.primary_key)
        return self.store.read_now(lambda conn: list(conn.execute(select(table).order_by(*in_order))))

    def fills(self) -> list[Any]:
        return self.rows(fills)

    def kinds(self) -> list[str]:
        return [row.kind for row in self.rows(ledger_entries)]

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)


def execution(child: ChildOrder, number: str, quantity: int | Decimal, **fields: Any) -> Execution:
    """One fill of `child` at 100, named `number`."""
    values: dict[str, Any] = {
        "execution_id": number,
        "client_id": child.client_id,
        "broker_order_id": f"b-{child.client_id}",
        "instrument_id": child.instrument_id,
        "side": child.side,
        "quantity": Decimal(quantity),
        "price": PRICE,
        "currency": "USD",
        "at": child.created_at + timedelta(seconds=1),
    }
    return Execution(**(values | fields))


def wanted(bench: Bench, kind: WantKind) -> list[str]:
    return [want.key for want in bench.desk.wants if want.kind is kind]


def _columns(algorithm: Algorithm) -> dict[str, Any]:
    return {
        "id": algorithm.id,
        "name": algorithm.name,
        "account_id": algorithm.account_id,
        "provider": algorithm.signal.provider,
        "state": algorithm.state.value,
        "valid_until": algorithm.valid_until,
        "document": algorithm,
    }
