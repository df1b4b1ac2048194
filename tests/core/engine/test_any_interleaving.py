"""Several algorithms, two accounts and a broker that answers when and as often as it likes: whatever happens
in whatever order, the promises hold after every step, and everything ends."""

import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.engine.bench import Bench
from core.engine.simulated_broker import SimulatedBroker, Working
from tradewire.brokerage.outcomes import store_absent, store_lost
from tradewire.brokerage.release import Withheld
from tradewire.contract.broker import (
    Accepted,
    DedupeClass,
    Execution,
    OrderUpdate,
    Rejected,
    RejectKind,
    Unknown,
)
from tradewire.domain.algorithm import AlgorithmState, Plugged
from tradewire.domain.message import Action
from tradewire.domain.order import (
    ChildOrder,
    ChildState,
    OrderType,
    ParentOrder,
    ParentState,
    Purpose,
)
from tradewire.domain.position import Position
from tradewire.domain.quantity import ZERO
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.plugins import Plugins
from tradewire.store.database import open_store
from tradewire.store.schema import positions
from tradewire.store.upgrade import upgrade

MOST = Decimal(100)
MOST_OF_ACCOUNT = Decimal(120)
SYMBOLS = ("AAPL", "AAPL", "NASDAQ:AAPL", "MSFT")
ACCOUNTS = {"any": DedupeClass.A, "long": DedupeClass.C}
ALGORITHMS = {"one": "any", "two": "any", "three": "long", "four": "long"}
NONE_ARE_OPEN = "an ended parent has no open order"

PLUGINS = Plugins.discover()


def _template() -> Callable[[Path], None]:
    made: list[Path] = []

    def copy(target: Path) -> None:
        if not made:
            made.append(Path(tempfile.mkdtemp()) / "tradewire.db")
            upgrade(f"sqlite:///{made[0]}")
        shutil.copy(made[0], target)

    return copy


copy_template = _template()
names = st.sampled_from(["one", "two", "three", "four"])
accounts = st.sampled_from([*ACCOUNTS])
quantities = st.sampled_from([60, 90, 45, 30, 7, 1]).map(Decimal)


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual four times in five or six, so that something goes on."""
    return st.sampled_from([usual] * 4 + list(others))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An algorithm, and what its message says."""
    action = draw(st.sampled_from([*[Action.BUY] * 3, Action.SELL, Action.SELL, Action.EXIT, Action.CANCEL]))
    message: dict[str, Any] = {"symbol": draw(st.sampled_from(SYMBOLS)), "action": action}
    if action in (Action.BUY, Action.SELL):
        message["quantity"] = draw(quantities)
    if action is not Action.CANCEL and draw(st.booleans()):
        message |= {"order_type": OrderType.LIMIT, "limit_price": Decimal(100)}
    return draw(names), message


class AnyInterleaving(RuleBasedStateMachine):
    """Account "any" may go short and is limited per algorithm; "long" may not, is limited as a whole too, and
    its broker is of class C: what is unknown there waits for a person."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        copy_template(self.folder / "tradewire.db")
        self.store = open_store(f"sqlite:///{self.folder}/tradewire.db")
        self.bench = Bench(self.store, PLUGINS)
        self.brokers = {name: SimulatedBroker() for name in ACCOUNTS}
        self.proven_absent: set[str] = set()
        self.sent: set[str] = set()
        self.admitted: dict[tuple[str, str], list[int]] = {}
        self.price = Decimal(100)

    @initialize()
    def configure(self) -> None:
        bench = self.bench
        bench.account("any", ACCOUNTS["any"])
        limit = Plugged(name="max_position", params={"quantity": str(MOST_OF_ACCOUNT)})
        bench.account("long", ACCOUNTS["long"], guardians=(limit,))
        for name, account_id in ALGORITHMS.items():
            bench.algorithm(
                name,
                account_id,
                allow_shorts=account_id == "any",
                guardians=(
                    Plugged(name="max_position", params={"quantity": str(MOST), "on_breach": "trim"}),
                    Plugged(name="stale_signal", params={"max_age_s": 600}),
                ),
            )

    # What users and TradingView do

    @rule(asked=st.lists(requests(), min_size=1, max_size=4), at_once=st.booleans())
    def signals(self, asked: list[tuple[str, dict[str, Any]]], at_once: bool) -> None:
        for name, message in asked:
            self.bench.signal(name, **message)
        self.bench.route()
        if at_once:
            for account_id in ACCOUNTS:
                self.worked(account_id)

    @rule(data=st.data(), account_id=accounts, what=st.sampled_from(["nothing", "tell", "send"]))
    def work(self, data: st.DataObject, account_id: str, what: str) -> None:
        """Perhaps with a report or a release between the worker's look and its write."""
        happens = {
            "nothing": None,
            "tell": lambda: self.tell_one(data),
            "send": lambda: self.send_one(data, account_id),
        }
        self.worked(account_id, happens[what])

    @rule(
        name=names,
        account_id=accounts,
        state=mostly(AlgorithmState.STARTED, AlgorithmState.STOPPED),
        switch=mostly(SwitchState.ACTIVE, SwitchState.REDUCING, SwitchState.HALTED),
        ready=mostly(True, False),
        seconds=mostly(1, 11, 70),
    )
    def disturb(
        self,
        name: str,
        account_id: str,
        state: AlgorithmState,
        switch: SwitchState,
        ready: bool,
        seconds: int,
    ) -> None:
        self.bench.change_algorithm(name, state=state)
        self.bench.switch(switch, Scope.ACCOUNT, account_id)
        self.bench.desk.ready = ready
        self.bench.later(seconds)

    # What happens between Tradewire and the broker

    @precondition(lambda self: self.bench.desk.queue)
    @rule(data=st.data(), account_id=accounts, times=st.integers(1, 3))
    def send(self, data: st.DataObject, account_id: str, times: int) -> None:
        for _ in range(times):
            self.send_one(data, account_id)

    @precondition(lambda self: self.live_orders())
    @rule(data=st.data(), quantity=quantities, move=st.integers(-5, 5))
    def fill(self, data: st.DataObject, quantity: Decimal, move: int) -> None:
        self.price = max(self.price + move, Decimal(1))
        self.broker_fills(data.draw(st.sampled_from(self.live_orders())), quantity)

    @precondition(lambda self: self.live_orders())
    @rule(data=st.data(), state=st.sampled_from([ChildState.CANCELLED, ChildState.EXPIRED]))
    def end(self, data: st.DataObject, state: ChildState) -> None:
        order = data.draw(st.sampled_from(self.live_orders()))
        self.broker_of(order).end(order, state, self.bench.clock.now())

    @precondition(lambda self: any(broker.told for broker in self.brokers.values()))
    @rule(data=st.data(), times=st.integers(1, 5))
    def tell(self, data: st.DataObject, times: int) -> None:
        """Any events, whether they were told before or not."""
        for _ in range(times):
            self.tell_one(data)

    @precondition(lambda self: self.unknown())
    @rule(data=st.data())
    def look_up(self, data: st.DataObject) -> None:
        self.looked_up(data.draw(st.sampled_from(self.unknown())))

    @rule()
    def a_good_minute(self) -> None:
        """Everything sent is filled in part or whole, told, and acted upon."""
        for account_id, broker in self.brokers.items():
            self.worked(account_id)
            for child in self.next_to_send(account_id):
                self.transmit(account_id, "accept", child)
            for order in broker.live()[::2]:
                self.broker_fills(order, Decimal(30))
            self.bench.report(*broker.told, account_id=account_id)
            self.worked(account_id)

    @rule()
    def restart(self) -> None:
        """All memory is gone; what was under way is UNKNOWN, what was not sent is handed over again."""
        self.bench.desk.queue.clear()
        self.bench.desk.cancels.clear()
        for account_id in ACCOUNTS:
            self.bench.take_lease(account_id)
            self.bench.write(store_lost, account_id=account_id, keep=frozenset(), now=self.bench.clock.now())
            self.bench.desk.queue += self.bench.unsent(account_id)

    # The promises

    @invariant()
    def no_position_can_exceed_its_limit(self) -> None:
        live = [one for one in self.bench.parents() if _reserves(one)]
        for name in ALGORITHMS:
            for instrument in ("AAPL", "MSFT"):
                own = [one for one in live if (one.algorithm_id, one.instrument_id) == (name, instrument)]
                held = self.bench.held(name, instrument)
                highest = held + sum((one.remaining for one in own if one.side == "buy"), ZERO)
                lowest = held - sum((one.remaining for one in own if one.side == "sell"), ZERO)
                assert lowest >= -MOST
                assert highest <= MOST
                if ALGORITHMS[name] == "long":
                    assert lowest >= 0
        for account_id, broker in self.brokers.items():
            self._never_at_the_broker(account_id, broker)

    def _never_at_the_broker(self, account_id: str, broker: SimulatedBroker) -> None:
        owners = {one.client_id: self._owner(one) for one in self.bench.children()}
        truth: dict[tuple[str, str], list[Decimal]] = {}
        for client_id, order in broker.orders.items():
            request = order.request
            for key in ((owners[client_id], request.instrument.id), ("", request.instrument.id)):
                sums = truth.setdefault(key, [ZERO, ZERO, ZERO])
                sums[0] += request.side.sign * order.filled
                sums[1 if request.side == "buy" else 2] += order.open
        for (owner, _), (held, buying, selling) in truth.items():
            if owner:
                assert held + buying <= MOST
                assert held - selling >= -MOST
            elif account_id == "long":
                assert held + buying <= MOST_OF_ACCOUNT
                assert held - selling >= 0

    @invariant()
    def no_more_is_filled_or_open_than_was_ordered(self) -> None:
        children = self.bench.children()
        for parent in self.bench.parents():
            own = [one for one in children if one.parent_id == parent.id]
            if not own:
                assert parent.filled == 0
                continue
            assert parent.quantity is not None
            assert parent.filled == sum((one.filled for one in own), ZERO)
            assert parent.filled + sum((one.open_quantity for one in own), ZERO) <= parent.quantity
            if not parent.state.is_live:
                assert not [one for one in own if one.state.is_open], NONE_ARE_OPEN
                assert (parent.state is ParentState.FILLED) == (parent.filled == parent.quantity)

    @invariant()
    def positions_are_the_sum_of_the_fills(self) -> None:
        fills = self.bench.fills()
        assert len({(one.account_id, one.execution_id) for one in fills}) == len(fills)
        total = {"worth": ZERO, "cash": ZERO, "profit": ZERO}
        for row in self.bench.rows(positions):
            own = [
                one
                for one in fills
                if (one.account_id, one.algorithm_id, one.instrument_id)
                == (row.account_id, row.algorithm_id, row.instrument_id)
            ]
            signs = [1 if one.side == "buy" else -1 for one in own]
            held = sum((s * one.quantity for s, one in zip(signs, own, strict=True)), ZERO)
            cash = -sum((s * one.quantity * one.price for s, one in zip(signs, own, strict=True)), ZERO)
            assert (row.quantity, row.cash) == (held, cash)
            assert row.fees == sum((one.fee for one in own), ZERO)
            assert row.realised == sum((one.realised for one in own), ZERO)
            position = Position(
                quantity=row.quantity, cost=row.cost, realised=row.realised, fees=row.fees, cash=row.cash
            )
            profit = row.realised + position.unrealised(self.price)
            assert profit == cash + held * self.price
            total["profit"] += profit
            total["cash"] += cash
            total["worth"] += held * self.price
        assert total["profit"] == total["cash"] + total["worth"]

    def teardown(self) -> None:
        try:
            if self.bench.parents():
                self.everything_ends()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    def everything_ends(self) -> None:
        """With a broker that fills and a person who decides, nothing is left that waits."""
        bench = self.bench
        bench.desk.ready = True
        for account_id in ACCOUNTS:
            bench.switch(SwitchState.ACTIVE, Scope.ACCOUNT, account_id)
        for _ in range(40):
            for account_id, broker in self.brokers.items():
                bench.report(*broker.told, account_id=account_id)
                for child in self.unknown():
                    self.looked_up(child, by_hand=True)
                self.worked(account_id)
                bench.desk.queue += [one for one in bench.unsent(account_id) if one not in bench.desk.queue]
                while self.next_to_send(account_id):
                    self.transmit(account_id, "accept", self.next_to_send(account_id)[0])
                for order in broker.live():
                    self.broker_fills(order, order.open)
            if not [one for one in bench.parents() if one.state.is_live]:
                break
            bench.later(5)
        assert not [one for one in bench.parents() if one.state.is_live]
        for account_id, broker in self.brokers.items():
            held: dict[str, Decimal] = {}
            for row in bench.rows(positions):
                if row.account_id == account_id:
                    held[row.instrument_id] = held.get(row.instrument_id, ZERO) + row.quantity
            assert held == {
                name: held_there for name, held_there in broker.position().items() if name in held
            }
        self.no_position_can_exceed_its_limit()
        self.no_more_is_filled_or_open_than_was_ordered()
        self.positions_are_the_sum_of_the_fills()

    # How it is done

    def worked(self, account_id: str, meanwhile: Callable[[], object] | None = None) -> None:
        """One run of the worker, held against the rules of admission."""
        before = {one.id: one for one in self.bench.parents(account_id)}
        unsure = {one.instrument_id for one in self.unknown() if one.account_id == account_id}
        held = {(name, one): self.bench.held(name, one) for name in ALGORITHMS for one in ("AAPL", "MSFT")}
        self.bench.work(account_id, meanwhile)
        new = [
            one
            for one in self.bench.parents(account_id)
            if one.admitted_at is not None and before[one.id].admitted_at is None
        ]
        for parent in new:
            lane = (account_id, parent.instrument_id or "")
            if meanwhile is None:
                assert parent.instrument_id not in unsure
            assert all(seq < parent.seq for seq in self.admitted.setdefault(lane, []))
            self.admitted[lane].append(parent.seq)
            if parent.purpose is Purpose.EXIT and meanwhile is None:
                own = held[(parent.algorithm_id, parent.instrument_id or "")]
                assert parent.quantity is not None
                assert parent.quantity <= abs(own)
                assert parent.side is not None
                assert parent.side.sign * own < 0

    def next_to_send(self, account_id: str) -> list[ChildOrder]:
        """The first of each lane."""
        first: dict[str, ChildOrder] = {}
        for child in self.bench.desk.queue:
            if child.account_id == account_id:
                first.setdefault(child.instrument_id, child)
        return list(first.values())

    def send_one(self, data: st.DataObject, account_id: str) -> None:
        waiting = self.next_to_send(account_id)
        if waiting:
            how = data.draw(st.sampled_from(["accept", "accept", "reject", "reply lost", "request lost"]))
            self.transmit(account_id, how, data.draw(st.sampled_from(waiting)))

    def transmit(self, account_id: str, how: str, child: ChildOrder) -> None:
        bench, broker = self.bench, self.brokers[account_id]
        bench.desk.queue = [one for one in bench.desk.queue if one.client_id != child.client_id]
        released = bench.release(child.client_id, account_id)
        if isinstance(released, Withheld):
            return
        if child.client_id in self.sent:
            assert child.client_id in self.proven_absent
        self.sent.add(child.client_id)
        self.proven_absent.discard(child.client_id)
        if how == "reject":
            bench.submitted(child.client_id, Rejected(kind=RejectKind.INSUFFICIENT_FUNDS, message="no money"))
        elif how == "request lost":
            bench.submitted(child.client_id, Unknown(cause="no connection"))
        else:
            order = broker.take(released, bench.clock.now())
            lost = how == "reply lost"
            bench.submitted(
                child.client_id,
                Unknown(cause="timed out") if lost else Accepted(broker_order_id=order.broker_order_id),
            )

    def looked_up(self, child: ChildOrder, by_hand: bool = False) -> None:
        bench, broker = self.bench, self.brokers[child.account_id]
        order = broker.orders.get(child.client_id)
        if order is not None:
            update = OrderUpdate(order=order.shown(), at=bench.clock.now())
            bench.report(*order.executions, update, account_id=child.account_id)
            return
        dedupe = DedupeClass.A if by_hand else ACCOUNTS[child.account_id]
        after = bench.write(
            store_absent, client_id=child.client_id, proof="not there", dedupe=dedupe, now=bench.clock.now()
        )
        assert after.send == (dedupe is DedupeClass.A)
        if after.send:
            self.proven_absent.add(child.client_id)
            bench.desk.queue.append(child)

    def tell_one(self, data: st.DataObject) -> None:
        told = [(name, event) for name, broker in self.brokers.items() for event in broker.told]
        if told:
            account_id, event = data.draw(st.sampled_from(told))
            assert isinstance(event, Execution | OrderUpdate)
            self.bench.report(event, account_id=account_id)

    def broker_of(self, order: Working) -> SimulatedBroker:
        return next(one for one in self.brokers.values() if order in one.orders.values())

    def broker_fills(self, order: Working, quantity: Decimal) -> None:
        self.broker_of(order).fill(order, quantity, self.price, self.bench.clock.now())

    def live_orders(self) -> list[Working]:
        return [order for broker in self.brokers.values() for order in broker.live()]

    def unknown(self) -> list[ChildOrder]:
        return [one for one in self.bench.children() if one.state is ChildState.UNKNOWN]

    def _owner(self, child: ChildOrder) -> str:
        return next(one.algorithm_id for one in self.bench.parents() if one.id == child.parent_id)


def _reserves(parent: ParentOrder) -> bool:
    return parent.state in (ParentState.WORKING, ParentState.PAUSED)


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
