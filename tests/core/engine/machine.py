"""The engine on a bench, its algorithms and their brokers: what the state machine drives, and what it holds
against the rules of admission and the reference model at every step."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from core.engine.acts import audited
from core.engine.admission_rules import AdmissionRules, lane_of
from core.engine.brokered_machine import ACCOUNTS, BrokeredMachine
from tradewire.domain.algorithm import AlgorithmState, OnOpposite, Plugged
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import ParentOrder, ParentState, Purpose
from tradewire.domain.quantity import ZERO
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.services.cancellation import request_cancel
from tradewire.state.waking import wake
from tradewire.store.schema import positions

MOST = Decimal(100)
MOST_OF_ACCOUNT = Decimal(120)
ALGORITHMS = {"one": "any", "two": "any", "three": "long", "four": "long"}
ON_OPPOSITE = {"two": OnOpposite.SWAP, "three": OnOpposite.CLOSE}
MULTIPLIERS = {"any": Decimal(1), "long": Decimal("0.5")}
#: Who shares a limit, each beside itself.
SHARING = [*((name, name) for name in ALGORITHMS), *[("three", "four"), ("four", "three")] * 3]
MOST_ENTRIES = {"one": 2, "four": 1}


class Machine(BrokeredMachine):
    """Account "any" may go short and is limited per algorithm; "long" may not, trades half of what is asked,
    is limited as a whole too, and its broker is of class C: what is unknown there waits for a person."""

    def __init__(self) -> None:
        super().__init__()
        self.admission = AdmissionRules()

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

    # What leaves an order that may still fill

    def enters(self, name: str, symbol: str, quantity: Decimal) -> None:
        self.bench.signal(name, symbol=symbol, action=Action.BUY, quantity=quantity)
        self.bench.route()
        self.worked(ALGORITHMS[name])

    def all_taken(self, account_id: str) -> None:
        """What can be sent is, and the broker has it."""
        for child in self.next_to_send(account_id):
            self.transmit(account_id, "accept", child)

    def cancelled_by_a_message(self, name: str, symbol: str) -> None:
        self.bench.signal(name, symbol=symbol, action=Action.CANCEL)
        self.bench.route()
        self.worked(ALGORITHMS[name])

    def paused_by_its_blueprint(self, name: str) -> None:
        account_id, now = ALGORITHMS[name], self.bench.clock.now()
        for parent in self.bench.parents(account_id):
            if parent.algorithm_id == name and parent.state is ParentState.WORKING:
                self.bench.write(wake, account_id=account_id, parent_id=parent.id, now=now)
        self.market.fails_for = name
        self.worked(account_id)
        self.market.fails_for = None

    def paused(self) -> list[ParentOrder]:
        """Those that nobody has cancelled yet."""
        found = [one for one in self.bench.parents() if one.state is ParentState.PAUSED]
        return [one for one in found if not one.cancel_requested]

    def paused_ones_cancelled(self) -> None:
        """A person looks, and ends them."""
        now = self.bench.clock.now()
        for parent in self.paused():
            self.bench.write(request_cancel, parent=parent, by="b", reason="r", now=now)

    # What comes at the end

    def everything_ends(self) -> None:
        """With a broker that fills and a person who decides, nothing is left that waits."""
        bench = self.bench
        bench.desk.ready = True
        bench.desk.unpriced.clear()
        for account_id in ACCOUNTS:
            bench.switch(SwitchState.ACTIVE, Scope.ACCOUNT, account_id)
        for _ in range(40):
            self.paused_ones_cancelled()
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
            self.admission.came_in_its_turn(parent, [one for one in now if lane_of(one) == lane_of(parent)])
            if parent.purpose is Purpose.EXIT and meanwhile is None:
                own = held.get((parent.algorithm_id, parent.instrument_id or ""), ZERO)
                assert parent.quantity is not None
                assert parent.quantity <= abs(own)
                assert parent.side is not None
                assert parent.side.sign * own < 0
        self.admission.entries_made_way(now)
        if meanwhile is None:
            self.admission.sized_as_the_model_says(now, before, held, MULTIPLIERS[account_id])
