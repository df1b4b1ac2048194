"""What a person decided on an order, until it is applied."""

from decimal import Decimal
from functools import partial

import pytest

from core.engine.bench import Bench
from tradewire.brokerage import decisions
from tradewire.brokerage.decisions import OrderDecision

ABSENT = OrderDecision(client_id="c", filled=None)
FILLED = OrderDecision(client_id="c", filled=(Decimal(10), Decimal("187.25")))


def waiting(bench: Bench) -> tuple[OrderDecision, ...]:
    return bench.store.read_now(partial(decisions.waiting, account_id="acc"))


def put(bench: Bench, decision: OrderDecision) -> None:
    bench.write(decisions.put, account_id="acc", decision=decision, now=bench.clock.now())


@pytest.mark.parametrize("decision", [ABSENT, FILLED])
def test_what_is_applied_is_forgotten(bench: Bench, decision: OrderDecision) -> None:
    put(bench, decision)
    assert waiting(bench) == (decision,)
    bench.write(decisions.settle, decision=decision)
    assert waiting(bench) == ()


@pytest.mark.parametrize(("first", "second"), [(ABSENT, FILLED), (FILLED, ABSENT)])
def test_a_second_thought_is_not_forgotten_with_the_first(
    bench: Bench, first: OrderDecision, second: OrderDecision
) -> None:
    put(bench, first)
    put(bench, second)
    bench.write(decisions.settle, decision=first)
    assert waiting(bench) == (second,)
