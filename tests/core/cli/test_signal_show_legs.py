"""`tradewire signal show` tells the orders of one signal apart: by leg, by algorithm, or by both."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from core.cli.conftest import Cli
from core.services.conftest import ALGORITHM
from core.services.history import BLOCKED, FILLED, PARENTS, UNKNOWN, live_through
from tradewire.runtime.folder import DataFolder
from tradewire.services.naming import account_by, algorithm_by
from tradewire.store.database import open_store
from tradewire.store.schema import parent_orders
from tradewire.testing.clock import FakeClock

Owned = Callable[..., str]


@pytest.fixture
def shown(cli: Cli, folder: DataFolder) -> Owned:
    """What is shown of a signal with its own order and these: signal of the order, algorithm, leg."""
    for name in ("breakout", "other"):
        file = folder.path / f"{name}.toml"
        file.write_text(ALGORITHM.replace('"breakout"', f'"{name}"'))
        if name == "breakout":
            cli("account", "add", "paper")
        cli("algorithm", "add", str(file))

    def show(*orders: tuple[str, str, int]) -> str:
        def unit(conn: Any) -> None:
            now = FakeClock().now()
            live_through(conn, account_by(conn, "paper").id, algorithm_by(conn, "breakout").id, now)
            for signal, algorithm, leg in orders:
                its = {"signal_id": FILLED, "algorithm_id": algorithm_by(conn, algorithm).id, "leg": leg}
                change = update(parent_orders).where(parent_orders.c.id == PARENTS[signal])
                conn.execute(change.values(**its))

        store = open_store(folder.database_url)
        store.write_now(unit)
        store.close()
        return cli("signal", "show", FILLED).out

    return show


def _whose(shown: str) -> list[str]:
    """What stands in the column beside each line of the stage order."""
    return re.findall(r"^\d\d:\d\d:\d\d +\S+ m?s +order +(.+?)  +entry", shown, re.MULTILINE)


def test_one_order_needs_no_column(shown: Owned) -> None:
    told = shown()
    assert "Algorithm" not in told
    assert "Leg" not in told


def test_two_legs_of_one_algorithm_are_told_by_leg(shown: Owned) -> None:
    told = shown((BLOCKED, "breakout", 1))
    assert "After Stage Leg What" in " ".join(told.split())
    assert _whose(told) == ["0", "1"]
    assert max(map(len, told.splitlines())) <= 80


def test_orders_of_several_algorithms_are_told_by_algorithm(shown: Owned) -> None:
    told = shown((BLOCKED, "other", 0))
    assert "After Stage Algorithm What" in " ".join(told.split())
    assert _whose(told) == ["breakout", "other"]


def test_legs_among_several_algorithms_are_told_by_both(shown: Owned) -> None:
    told = shown((BLOCKED, "breakout", 1), (UNKNOWN, "other", 0))
    assert _whose(told) == ["breakout, leg 0", "breakout, leg 1", "other"]
