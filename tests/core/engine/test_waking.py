"""Each look tells the desk of the next time at which something is due, and of no other."""

from datetime import timedelta
from decimal import Decimal

from core.engine.acts import place, scripted
from core.engine.bench import Bench
from tradewire import Step, StepView
from tradewire.domain.message import Action
from tradewire.store.database import Store


def patient(view: StepView) -> Step:
    """Places once, and looks again ten seconds after the order was made for each lot of ten."""
    seconds = int(view.parent.quantity or 0)
    wake_at = view.parent.created_at + timedelta(seconds=seconds)
    return Step(actions=() if view.children else (place(seconds),), wake_at=wake_at)


def test_of_many_that_wait_the_earliest_is_told_also_by_looks_that_change_none_of_them(store: Store) -> None:
    bench, _ = scripted(store, patient)
    began = bench.clock.now()
    for seconds in (40, 20, 30):
        bench.ask(quantity=Decimal(seconds))
    assert bench.desk.wakes[-1] == began + timedelta(seconds=20)
    bench.desk.wakes.clear()
    bench.work()
    bench.ask(symbol="MSFT", action=Action.EXIT)
    assert bench.desk.wakes == [began + timedelta(seconds=20)] * len(bench.desk.wakes)
    assert len(bench.desk.wakes) >= 2


def test_once_a_time_has_come_the_next_one_is_told(store: Store) -> None:
    def impatient(view: StepView) -> Step:
        done = view.now >= view.parent.created_at + timedelta(seconds=int(view.parent.quantity or 0))
        return Step() if done else patient(view)

    bench, _ = scripted(store, impatient)
    began = bench.clock.now()
    for seconds in (20, 30):
        bench.ask(quantity=Decimal(seconds))
    bench.later(20)
    bench.work()
    assert bench.desk.wakes[-1] == began + timedelta(seconds=30)


def test_what_waits_for_something_else_than_a_time_rings_no_more(bench: Bench) -> None:
    bench.desk.unpriced.add("AAPL")
    bench.ask()
    bench.desk.wakes.clear()
    bench.work()
    assert bench.desk.wakes == []
