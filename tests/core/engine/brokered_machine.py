"""What goes on between the engine on its bench and the brokers that its orders are sent to."""

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from core.engine.failing_market import FailingMarket
from core.engine.remembering_bench import RememberingBench
from core.engine.simulated_broker import SimulatedBroker, Working
from starting_points import discovered
from tradewire.brokerage.outcomes import store_absent
from tradewire.brokerage.release import Withheld
from tradewire.contract.broker import Accepted, Execution, OrderUpdate, Rejected, RejectKind, Unknown
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.order import ChildOrder, ChildState
from tradewire.store.database import open_store
from tradewire.store.upgrade import upgrade

#: Each account's broker, by what it does with a second copy of an order.
ACCOUNTS = {"any": DedupeClass.A, "long": DedupeClass.C}

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


class BrokeredMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        copy_template(self.folder / "tradewire.db")
        self.store = open_store(f"sqlite:///{self.folder}/tradewire.db")
        self.market = FailingMarket()
        plugins = discovered()
        plugins.blueprints[self.market.name] = self.market
        self.bench = RememberingBench(self.store, plugins)
        self.brokers = {name: SimulatedBroker() for name in ACCOUNTS}
        self.proven_absent: set[str] = set()
        self.sent: set[str] = set()
        self.price = Decimal(100)

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
