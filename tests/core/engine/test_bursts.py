"""Many orders at once: decided in pieces, in order, and none left out."""

from decimal import Decimal

from core.engine.bench import Bench
from tradewire.domain.order import ParentState
from tradewire.engine import loading


def test_one_look_decides_about_more_than_one_plan_holds(bench: Bench) -> None:
    count = 2 * loading.AT_ONCE + 5
    for number in range(count):
        bench.signal(digest=f"{number:064d}", quantity=Decimal(1))
    bench.route()
    bench.work()
    parents = bench.parents()
    assert [parent.state for parent in parents] == [ParentState.WORKING] * count
    assert [child.parent_id for child in bench.unsent()] == [parent.id for parent in parents]
