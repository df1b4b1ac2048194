"""Short words for what tests of planning do: orders sent, filled and ended; blueprints and guardians that
do as they are told."""

from decimal import Decimal
from typing import Any

import msgspec

from core.engine.bench import Bench, execution
from starting_points import discovered
from tradewire import (
    Accepted,
    Blueprint,
    GuardedOrder,
    Guardian,
    GuardView,
    OrderType,
    Place,
    Scope,
    Step,
    StepView,
    Verdict,
    allow,
)
from tradewire.audit.check import check
from tradewire.audit.finding import Report
from tradewire.contract.broker import OrderState, OrderUpdate
from tradewire.domain.algorithm import Plugged
from tradewire.domain.ledger import EntryKind
from tradewire.domain.message import Action
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder
from tradewire.ledger.export import Line
from tradewire.store.database import Store
from tradewire.store.schema import ledger_entries

FRESH = Plugged(name="stale_signal", params={"max_age_s": 86_400})


def only_child(bench: Bench, signal_id: str) -> ChildOrder:
    (child,) = bench.children(bench.parent(signal_id).id)
    return child


def sent(bench: Bench, signal_id: str) -> ChildOrder:
    """The signal's one order, at the broker."""
    child = only_child(bench, signal_id)
    bench.release(child.client_id)
    bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
    return child


def filled(bench: Bench, signal_id: str, quantity: int) -> None:
    child = sent(bench, signal_id)
    bench.report(execution(child, f"e-{signal_id}", quantity))
    bench.work()


def limit(quantity: int = 10, **fields: Any) -> dict[str, Any]:
    order = {"order_type": OrderType.LIMIT, "limit_price": Decimal(90), "quantity": Decimal(quantity)}
    return order | fields


class Scripted(Blueprint):
    """Answers with the next step of its script; the last one stays."""

    name = "scripted"

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.seen: list[StepView] = []

    def step(self, view: StepView) -> Step:
        self.seen.append(view)
        made = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return made(view) if callable(made) else made


class Told(Guardian):
    """Answers what it is told to at the moment."""

    name = "told"
    scopes = frozenset({Scope.ALGORITHM})
    live = True

    def __init__(self) -> None:
        self.at_admission: Any = allow("yes", "Yes.")
        self.later: Any = allow("yes", "Yes.")

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        answer = self.later if view.released else self.at_admission
        return answer(view) if callable(answer) else answer


def scripted(store: Store, *steps: Any, guardian: Guardian | None = None) -> tuple[Bench, Scripted]:
    plugins = discovered()
    blueprint = Scripted(*steps)
    plugins.blueprints["scripted"] = blueprint
    guardians = [FRESH]
    if guardian is not None:
        plugins.guardians[guardian.name] = guardian
        guardians.append(Plugged(name=guardian.name))
    bench = Bench(store, plugins)
    bench.account()
    bench.algorithm(blueprint=Plugged(name="scripted"), guardians=tuple(guardians))
    return bench, blueprint


def place(quantity: int, **fields: Any) -> Place:
    return Place(quantity=Decimal(quantity), order_type=OrderType.MARKET, **fields)


def all_at_once(view: StepView) -> Step:
    return Step(actions=(place(int(view.parent.quantity or 0)),))


def ended(child: ChildOrder, filled: int) -> OrderUpdate:
    order = OrderState(
        client_id=child.client_id,
        broker_order_id=f"b-{child.client_id}",
        instrument_id=child.instrument_id,
        side=child.side,
        quantity=child.quantity,
        filled=Decimal(filled),
        state=ChildState.FILLED if filled == child.quantity else ChildState.CANCELLED,
    )
    return OrderUpdate(order=order, at=child.created_at)


def legs(bench: Bench, signal_id: str) -> list[ParentOrder]:
    """The signal's parent orders, in the order of their legs."""
    return [one for one in bench.parents() if one.signal_id == signal_id]


def audited(bench: Bench) -> Report:
    """What the audit says of everything since the routing, which is where a bench's ledger begins."""
    rows = sorted(bench.rows(ledger_entries), key=lambda row: row.seq)
    lines = [
        Line(number=number, seq=row.seq, previous="", hash="", body=msgspec.Raw(row.body))
        for number, row in enumerate(rows, 2)
    ]
    return check(lines, settled=True)


def admitted(bench: Bench) -> list[tuple[str, int]]:
    """The signals and legs of all orders that started, in the order in which they did."""
    rows = sorted(bench.rows(ledger_entries), key=lambda row: row.seq)
    parents = {one.id: one for one in bench.parents()}
    started = [parents[row.parent_id] for row in rows if row.kind == EntryKind.PARENT_ADMITTED]
    return [(one.signal_id, one.leg) for one in started]


def settle(bench: Bench, account_id: str = "acc") -> None:
    """Send and fill whatever is open, as often as something new comes of it."""
    for _ in range(10):
        bench.work(account_id)
        live = [one for one in bench.children() if one.state.is_open and one.account_id == account_id]
        if not live:
            return
        for child in live:
            if child.state is ChildState.NEW:
                bench.release(child.client_id, account_id)
                bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
            number = f"settled-{child.client_id}"
            bench.report(execution(child, number, child.quantity - child.filled), account_id=account_id)
    raise AssertionError("It does not come to rest.")


def holding(bench: Bench, quantity: int, algorithm_id: str = "alg") -> None:
    """Have the algorithm hold so much, by fills of its own."""
    if quantity:
        action = Action.BUY if quantity > 0 else Action.SELL
        bench.ask(algorithm_id, action=action, quantity=Decimal(abs(quantity)))
        settle(bench)
    assert bench.held(algorithm_id) == quantity


def fill_some(bench: Bench, account_id: str = "acc") -> None:
    """Send what is open, and fill a part of each."""
    for child in [one for one in bench.children() if one.state is ChildState.NEW]:
        bench.release(child.client_id, account_id)
        bench.submitted(child.client_id, Accepted(broker_order_id=f"b-{child.client_id}"))
        part = max(child.quantity // 3, Decimal(1))
        bench.report(execution(child, f"part-{child.client_id}", part), account_id=account_id)
