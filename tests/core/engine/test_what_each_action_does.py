"""Every action on a flat, a long and a short position: what becomes of its legs, and what is held then."""

from decimal import Decimal
from typing import Any

import pytest

from core.engine.acts import holding, legs, settle
from core.engine.bench import Bench
from tradewire.domain.algorithm import OnOpposite
from tradewire.domain.message import Action, Sentiment
from tradewire.domain.order import ParentState
from tradewire.domain.size import SizeKind

LONG, SHORT, FLAT = 100, -100, 0


def say(action: Action, quantity: int | None = None, **fields: Any) -> dict[str, Any]:
    return {"action": action, "quantity": Decimal(quantity) if quantity is not None else None} | fields


def to(action: Action, target: int) -> dict[str, Any]:
    return say(action, target=Decimal(target))


BUY, SELL, EXIT, ADD, REVERSE, TARGET = (
    Action.BUY,
    Action.SELL,
    Action.EXIT,
    Action.ADD,
    Action.REVERSE,
    Action.TARGET,
)
PERCENT = {"quantity_kind": SizeKind.PERCENT_OF_POSITION}

OPPOSITE: list[tuple[OnOpposite, int, dict[str, Any], int, list[str]]] = [
    (OnOpposite.CLOSE, FLAT, say(SELL, 30), -30, ["nothing_to_close", "filled"]),
    (OnOpposite.CLOSE, SHORT, say(SELL, 30), -130, ["nothing_to_close", "filled"]),
    (OnOpposite.CLOSE, LONG, say(SELL, 30), 0, ["filled", "closed_only"]),
    (OnOpposite.CLOSE, SHORT, say(BUY, 300), 0, ["filled", "closed_only"]),
    (OnOpposite.SWAP, FLAT, say(SELL, 30), -30, ["nothing_to_close", "filled"]),
    (OnOpposite.SWAP, LONG, say(SELL, 30), -30, ["filled", "filled"]),
    (OnOpposite.SWAP, SHORT, say(BUY, 30), 30, ["filled", "filled"]),
    (OnOpposite.SWAP, LONG, say(BUY, 30), 130, ["nothing_to_close", "filled"]),
]

#: held before, message, held after, and why each leg ended
TABLE: list[tuple[int, dict[str, Any], int, list[str]]] = [
    (FLAT, say(BUY, 30), 30, ["filled"]),
    (LONG, say(BUY, 30), 130, ["filled"]),
    (SHORT, say(BUY, 30), -70, ["filled"]),
    (SHORT, say(BUY, 130), 30, ["filled"]),
    (FLAT, say(SELL, 30), -30, ["filled"]),
    (LONG, say(SELL, 130), -30, ["filled"]),
    (FLAT, say(EXIT), 0, ["nothing_to_exit"]),
    (LONG, say(EXIT), 0, ["filled"]),
    (SHORT, say(EXIT), 0, ["filled"]),
    (LONG, say(EXIT, 30), 70, ["filled"]),
    (SHORT, say(EXIT, 30), -70, ["filled"]),
    (LONG, say(EXIT, 300), 0, ["filled"]),
    (SHORT, say(EXIT, 300), 0, ["filled"]),
    (LONG, say(EXIT, 25, **PERCENT), 75, ["filled"]),
    (SHORT, say(EXIT, 150, **PERCENT), 0, ["filled"]),
    (FLAT, say(ADD, 30), 0, ["nothing_to_add_to"]),
    (LONG, say(ADD, 30), 130, ["filled"]),
    (SHORT, say(ADD, 30), -130, ["filled"]),
    (SHORT, say(ADD, 50, **PERCENT), -150, ["filled"]),
    (FLAT, say(REVERSE), 0, ["nothing_to_reverse", "nothing_to_reverse"]),
    (LONG, say(REVERSE), -100, ["filled", "filled"]),
    (SHORT, say(REVERSE), 100, ["filled", "filled"]),
    (LONG, say(REVERSE, 40), -40, ["filled", "filled"]),
    (SHORT, say(REVERSE, 40), 40, ["filled", "filled"]),
    (LONG, say(REVERSE, 50, **PERCENT), -50, ["filled", "filled"]),
    (FLAT, say(TARGET, 0), 0, ["target_reached", "target_reached"]),
    (FLAT, say(TARGET, 40), 40, ["nothing_to_close", "filled"]),
    (FLAT, say(TARGET, -40), -40, ["nothing_to_close", "filled"]),
    (LONG, say(TARGET, 0), 0, ["filled", "target_reached"]),
    (LONG, say(TARGET, 100), 100, ["target_reached", "target_reached"]),
    (LONG, say(TARGET, 40), 40, ["filled", "target_reached"]),
    (LONG, say(TARGET, 140), 140, ["nothing_to_close", "filled"]),
    (LONG, say(TARGET, -40), -40, ["filled", "filled"]),
    (SHORT, say(TARGET, -40), -40, ["filled", "target_reached"]),
    (SHORT, say(TARGET, 40), 40, ["filled", "filled"]),
    (SHORT, say(TARGET, -140), -140, ["nothing_to_close", "filled"]),
    (FLAT, say(BUY, 30, sentiment=Sentiment.LONG), 30, ["nothing_to_close", "filled"]),
    (LONG, say(BUY, 30, sentiment=Sentiment.LONG), 130, ["nothing_to_close", "filled"]),
    (SHORT, say(BUY, 30, sentiment=Sentiment.LONG), 30, ["filled", "filled"]),
    (FLAT, say(SELL, 30, sentiment=Sentiment.SHORT), -30, ["nothing_to_close", "filled"]),
    (LONG, say(SELL, 30, sentiment=Sentiment.SHORT), -30, ["filled", "filled"]),
    (SHORT, say(SELL, 30, sentiment=Sentiment.SHORT), -130, ["nothing_to_close", "filled"]),
    (FLAT, say(SELL, 30, sentiment=Sentiment.FLAT), 0, ["nothing_to_exit"]),
    (LONG, say(SELL, 30, sentiment=Sentiment.FLAT), 0, ["filled"]),
    (SHORT, say(SELL, 30, sentiment=Sentiment.FLAT), -100, ["already_past"]),
    (SHORT, say(BUY, 30, sentiment=Sentiment.FLAT), 0, ["filled"]),
    (LONG, say(BUY, 30, sentiment=Sentiment.FLAT), 100, ["already_past"]),
    (FLAT, say(BUY, 30, sentiment=Sentiment.SHORT), 0, ["nothing_to_exit"]),
    (LONG, say(BUY, 30, sentiment=Sentiment.SHORT), 100, ["already_past"]),
    (SHORT, say(BUY, 30, sentiment=Sentiment.SHORT), -70, ["filled"]),
    (SHORT, say(BUY, 300, sentiment=Sentiment.SHORT), 0, ["filled"]),
    (LONG, say(SELL, 30, sentiment=Sentiment.LONG), 70, ["filled"]),
    (FLAT, to(BUY, 40), 40, ["nothing_to_close", "filled"]),
    (FLAT, to(SELL, 40), 0, ["already_past", "already_past"]),
    (LONG, to(BUY, 40), 100, ["already_past", "already_past"]),
    (LONG, to(SELL, 40), 40, ["filled", "target_reached"]),
    (LONG, to(SELL, 0), 0, ["filled", "target_reached"]),
    (LONG, to(SELL, -100), -100, ["filled", "filled"]),
    (LONG, to(SELL, 100), 100, ["target_reached", "target_reached"]),
    (SHORT, to(SELL, 0), -100, ["already_past", "already_past"]),
    (SHORT, to(BUY, 0), 0, ["filled", "target_reached"]),
    (SHORT, to(BUY, 50), 50, ["filled", "filled"]),
]


def results(bench: Bench, held: int, cases: list[tuple[dict[str, Any], OnOpposite]]) -> list[Any]:
    """What became of each message, each sent to an algorithm of its own that holds `held`."""
    signals = []
    for number, (message, on_opposite) in enumerate(cases):
        name = f"alg-{number}"
        bench.algorithm(name, allow_shorts=True)
        holding(bench, held, name)
        bench.change_algorithm(name, on_opposite=on_opposite)
        signals.append((name, bench.signal(name, **message)))
    bench.route()
    settle(bench)
    return [(int(bench.held(name)), [one.reason for one in legs(bench, signal)]) for name, signal in signals]


@pytest.mark.parametrize("held", [FLAT, LONG, SHORT])
def test_each_action_on_each_position(bench: Bench, held: int) -> None:
    rows = [row for row in TABLE if row[0] == held]
    found = results(bench, held, [(message, OnOpposite.NET) for _, message, _, _ in rows])
    told = [(message, *found) for (_, message, _, _), found in zip(rows, found, strict=True)]
    assert told == [(message, after, reasons) for _, message, after, reasons in rows]


@pytest.mark.parametrize("held", [FLAT, LONG, SHORT])
def test_an_opposite_signal_does_what_the_algorithm_says(bench: Bench, held: int) -> None:
    rows = [row for row in OPPOSITE if row[1] == held]
    found = results(bench, held, [(message, on_opposite) for on_opposite, _, message, _, _ in rows])
    assert found == [(after, reasons) for _, _, _, after, reasons in rows]


@pytest.mark.parametrize(
    ("message", "on_opposite"),
    [
        (say(REVERSE), OnOpposite.NET),
        (say(TARGET, -100), OnOpposite.NET),
        (to(SELL, -100), OnOpposite.NET),
        (say(SELL, 100, sentiment=Sentiment.SHORT), OnOpposite.NET),
        (say(SELL, 100), OnOpposite.SWAP),
    ],
)
def test_what_may_not_go_short_is_closed_and_opens_nothing(
    bench: Bench, message: dict[str, Any], on_opposite: OnOpposite
) -> None:
    bench.change_algorithm("alg", on_opposite=on_opposite)
    holding(bench, LONG)
    signal = bench.ask(**message)
    settle(bench)
    close, opening = legs(bench, signal)
    assert close.state is ParentState.FILLED
    assert (opening.state, opening.reason) == (ParentState.BLOCKED, "short_not_allowed")
    assert bench.held() == 0
