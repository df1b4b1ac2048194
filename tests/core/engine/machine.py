"""The engine on a bench, its algorithms and their brokers: what the state machine drives, and what it holds
against the rules of admission and the reference model at every step."""

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from core.engine.acts import audited
from core.engine.reference_model import wanted
from core.engine.remembering_bench import RememberingBench
from core.engine.simulated_broker import SimulatedBroker, Working
from tradewire.brokerage.outcomes import store_absent
from tradewire.brokerage.release import Withheld
from tradewire.contract.broker import Accepted, Execution, OrderUpdate, Rejected, RejectKind, Unknown
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain import ids
from tradewire.domain.algorithm import AlgorithmState, OnOpposite, Plugged
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import (
    ChildOrder,
    ChildState,
    Goal,
    ParentOrder,
    ParentState,
    Purpose,
)
from tradewire.domain.quantity import ZERO
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.plugins import Plugins
from tradewire.store.database import open_store
from tradewire.store.schema import positions
from tradewire.store.upgrade import upgrade

MOST = Decimal(100)
MOST_OF_ACCOUNT = Decimal(120)
ACCOUNTS = {"any": DedupeClass.A, "long": DedupeClass.C}
ALGORITHMS = {"one": "any", "two": "any", "three": "long", "four": "long"}
ON_OPPOSITE = {"two": OnOpposite.SWAP, "three": OnOpposite.CLOSE}
MULTIPLIERS = {"any": Decimal(1), "long": Decimal("0.5")}
MOST_ENTRIES = {"one": 2, "four": 1}
#: Why an order ended for which there was nothing to do.
NOTHING_TO_DO = (
    "nothing_to_exit",
    "nothing_to_close",
    "nothing_to_reverse",
    "nothing_to_add_to",
    "target_reached",
    "already_past",
    "closed_only",
    "taken_back",
)

PLUGINS = Plugins.discover()
#: Nothing here is to outlive the machine, and a disk that others write to as well takes its time.
IN_MEMORY = Path("/dev/shm")


def _template() -> Callable[[Path], None]:
    made: list[bytes] = []

    def copy(target: Path) -> None:
        if made:
            target.write_bytes(made[0])
            return
        upgrade(f"sqlite:///{target}")
        made.append(target.read_bytes())

    return copy


copy_template = _template()


def lane_of(parent: ParentOrder) -> tuple[str, str]:
    return parent.account_id, parent.instrument_id or parent.symbol.removeprefix("NASDAQ:")


def may_wait_for_hours(parent: ParentOrder) -> bool:
    """An opening may, for its close, and an addition, for the entry that it adds to."""
    return parent.leg == 1 or parent.goal is Goal.ADD


class Machine(RuleBasedStateMachine):
    """Account "any" may go short and is limited per algorithm; "long" may not, trades half of what is asked,
    is limited as a whole too, and its broker is of class C: what is unknown there waits for a person."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        copy_template(self.folder / "tradewire.db")
        self.store = open_store(f"sqlite:///{self.folder}/tradewire.db")
        self.bench = RememberingBench(self.store, PLUGINS)
        self.brokers = {name: SimulatedBroker() for name in ACCOUNTS}
        self.proven_absent: set[str] = set()
        self.sent: set[str] = set()
        self.admitted: dict[tuple[str, str, str], int] = {}
        self.price = Decimal(100)

    def set_up(self) -> None:
        bench = self.bench
        bench.account("any", ACCOUNTS["any"])
        limit = Plugged(name="max_position", params={"quantity": str(MOST_OF_ACCOUNT)})
        bench.account("long", ACCOUNTS["long"], guardians=(limit,), quantity_multiplier=MULTIPLIERS["long"])
        for name, account_id in ALGORITHMS.items():
            bench.algorithm(
                name,
                account_id,
                allow_shorts=account_id == "any",
                on_opposite=ON_OPPOSITE.get(name, OnOpposite.NET),
                max_entries=MOST_ENTRIES.get(name),
                guardians=(
                    Plugged(name="max_position", params={"quantity": str(MOST), "on_breach": "trim"}),
                    Plugged(name="stale_signal", params={"max_age_s": 600}),
                ),
            )

        for name, action in (("one", Action.BUY), ("two", Action.SELL), ("three", Action.BUY)):
            bench.signal(name, symbol="AAPL", action=action, quantity=Decimal(40))
        self.come_to_rest()

    # What comes at the end

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

    def every_position_is_what_is_asked_for(self) -> None:
        """After whatever went before, signals in peace lead to exactly the positions that they mean."""
        for name in ALGORITHMS:
            self.bench.change_algorithm(name, state=AlgorithmState.STARTED, max_entries=None)
        self.in_peace(action=Action.TARGET, quantity=ZERO)
        assert self.held_in_apple() == {"one": 0, "two": 0, "three": 0, "four": 0}
        self.in_peace(action=Action.TARGET, quantity=Decimal(41))
        assert self.held_in_apple() == {"one": 41, "two": 41, "three": 20, "four": 20}
        self.in_peace(action=Action.REVERSE)
        assert self.held_in_apple() == {"one": -41, "two": -41, "three": 0, "four": 0}
        self.in_peace(action=Action.BUY, quantity=Decimal(10))
        assert self.held_in_apple() == {"one": -31, "two": 10, "three": 5, "four": 5}
        self.in_peace(action=Action.SELL, quantity=Decimal(4))
        assert self.held_in_apple() == {"one": -35, "two": -4, "three": 0, "four": 3}
        self.in_peace(action=Action.BUY, quantity=Decimal(8), sentiment=Sentiment.LONG)
        assert self.held_in_apple() == {"one": 8, "two": 8, "three": 4, "four": 7}
        self.in_peace(action=Action.ADD, quantity=Decimal(4))
        assert self.held_in_apple() == {"one": 12, "two": 12, "three": 6, "four": 9}
        self.in_peace(action=Action.EXIT, quantity=Decimal(5))
        assert self.held_in_apple() == {"one": 7, "two": 7, "three": 1, "four": 4}

    def the_audit_finds_nothing(self) -> None:
        """The ledger alone, by the rules that users check theirs with."""
        report = audited(self.bench)
        assert report.ok, report.findings

    def in_peace(self, **message: Any) -> None:
        """A signal to each algorithm, with everything filled and told at once."""
        for name in ALGORITHMS:
            self.bench.signal(name, symbol="AAPL", **message)
        self.come_to_rest()

    def come_to_rest(self) -> None:
        self.bench.route()
        for account_id, broker in self.brokers.items():
            for _ in range(3):
                # A close, an opening, and nothing more.
                self.bench.work(account_id)
                if not [one for one in self.bench.parents(account_id) if one.state.is_live]:
                    break
                told = len(broker.told)
                while self.next_to_send(account_id):
                    self.transmit(account_id, "accept", self.next_to_send(account_id)[0])
                for order in broker.live():
                    self.broker_fills(order, order.open)
                self.bench.report(*broker.told[told:], account_id=account_id)
        assert not [one for one in self.bench.parents() if one.state.is_live]

    def held_in_apple(self) -> dict[str, Decimal]:
        held = self.held_by_each()
        return {name: held.get((name, "AAPL"), ZERO) for name in ALGORITHMS}

    def held_by_each(self) -> dict[tuple[str, str], Decimal]:
        """By algorithm and instrument."""
        rows = self.bench.rows(positions)
        return {(row.algorithm_id, row.instrument_id): row.quantity for row in rows}

    # How it is done

    def worked(self, account_id: str, meanwhile: Callable[[], object] | None = None) -> None:
        """One run of the worker, held against the rules of admission."""
        before = {one.id: one for one in self.bench.parents(account_id)}
        unsure = {one.instrument_id for one in self.unknown() if one.account_id == account_id}
        held = self.held_by_each()
        self.bench.work(account_id, meanwhile)
        now = self.bench.parents(account_id)
        new = [one for one in now if one.admitted_at is not None and before[one.id].admitted_at is None]
        for parent in new:
            if meanwhile is None:
                assert parent.instrument_id not in unsure
            self.came_in_its_turn(parent, [one for one in now if lane_of(one) == lane_of(parent)])
            if parent.purpose is Purpose.EXIT and meanwhile is None:
                own = held.get((parent.algorithm_id, parent.instrument_id or ""), ZERO)
                assert parent.quantity is not None
                assert parent.quantity <= abs(own)
                assert parent.side is not None
                assert parent.side.sign * own < 0
        if meanwhile is None:
            self.sized_as_the_model_says(account_id, now, before, held)

    def came_in_its_turn(self, parent: ParentOrder, lane: list[ParentOrder]) -> None:
        """An algorithm's own orders start in the order of their signals, and another's pass only what its own
        algorithm holds back for hours."""
        own_lane = (*lane_of(parent), parent.algorithm_id)
        assert self.admitted.get(own_lane, 0) < parent.seq, "an algorithm is obeyed in order"
        self.admitted[own_lane] = parent.seq
        waiting = [one for one in lane if one.state is ParentState.PENDING and one.seq < parent.seq]
        held_back = {one.algorithm_id: one for one in reversed(waiting) if may_wait_for_hours(one)}
        for passed in waiting:
            assert passed.algorithm_id != parent.algorithm_id, "an algorithm is obeyed in order"
            assert passed.algorithm_id in held_back, "a lane keeps its order"
            assert held_back[passed.algorithm_id].seq <= passed.seq, "a lane keeps its order"
        if parent.purpose is Purpose.EXIT:
            working = [one for one in lane if one.state is ParentState.WORKING and one.seq < parent.seq]
            own = [one for one in working if one.algorithm_id == parent.algorithm_id]
            assert not own, "what closes first ends the algorithm's own orders"

    def sized_as_the_model_says(
        self,
        account_id: str,
        parents: list[ParentOrder],
        before: dict[str, ParentOrder],
        held: dict[tuple[str, str], Decimal],
    ) -> None:
        """Every order that was pending and is not any more, against the reference model."""
        now = {one.id: one for one in parents}
        for parent in now.values():
            was = before[parent.id]
            if was.state is not ParentState.PENDING or parent.purpose is Purpose.CANCEL:
                continue
            close = now.get(ids.parent_id(parent.signal_id, parent.algorithm_id)) if parent.leg else None
            if parent.admitted_at is None and parent.reason not in NOTHING_TO_DO:
                continue
            assert close is None or not close.state.is_live, "an opening waits for its close"
            _, instrument = lane_of(parent)
            own = held.get((parent.algorithm_id, instrument), ZERO)
            opening = [
                one.remaining
                for one in now.values()
                if one.algorithm_id == parent.algorithm_id
                and one.instrument_id == instrument
                and one.purpose is Purpose.ENTRY
                and one.state is ParentState.WORKING
                and one.seq < parent.seq
                and one.side is (parent.side if was.side is None else was.side)
            ]
            if (
                parent.goal is Goal.TARGET
                and parent.leg
                and any(one.cancel_requested for one in now.values())
            ):
                # Another signal may have cancelled since what led there.
                continue
            cancelled_for = {parent.id, close.id if close is not None else ""}
            taken_back = [
                one.remaining
                for one in now.values()
                if one.made_way_for in cancelled_for and one.purpose is Purpose.ENTRY
            ]
            quantity = wanted(
                was, own, close, sum(opening, ZERO), MULTIPLIERS[account_id], sum(taken_back, ZERO)
            )
            if parent.admitted_at is None:
                assert quantity == 0, (parent, own)
            elif parent.detail is None:
                assert parent.quantity == quantity, (parent, own, quantity)
            else:
                # A guardian may trim an entry.
                assert parent.quantity is not None
                assert parent.quantity <= quantity

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
        lane = (account_id, child.instrument_id)
        placed = [one for one in bench.children() if (one.account_id, one.instrument_id) == lane]
        before = placed[: [one.client_id for one in placed].index(child.client_id)]
        unsure = [one.client_id for one in before if one.state is ChildState.UNKNOWN]
        released = bench.release(child.client_id, account_id)
        if isinstance(released, Withheld):
            if not released.ended and bench.child(child.client_id).state is ChildState.NEW:
                bench.desk.queue.append(child)
            return
        assert not unsure, "nothing goes out behind an order of unknown fate"
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
