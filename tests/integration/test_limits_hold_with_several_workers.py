"""Fifty signals at once against limits that leave room for seven: seven orders, however many workers."""

from decimal import Decimal
from pathlib import Path

import pytest

from integration.fleet import fleet
from servers.valkey import Valkey
from tradewire.store.schema import child_orders, fills, positions

WORKERS = pytest.mark.parametrize("workers", [("w1", "w2"), ("w1", "w2", "w3", "w4")], ids=len)


@WORKERS
def test_an_accounts_limit_holds(
    tmp_path: Path, postgres_url: str, valkey: Valkey, workers: tuple[str, ...]
) -> None:
    valkey.flush()
    with fleet(tmp_path, postgres_url, valkey.url) as processes:
        processes.prepare()
        processes.add_account("a")
        processes.add_algorithm("seven", account="a", max_position="quantity = 7")
        doors = [processes.serve(), processes.serve()]
        processes.workers(*workers)
        messages = [{"strategy": "seven", "action": "buy", "qty": 1, "id": str(n)} for n in range(50)]
        answers = processes.post_all(doors, messages)
        assert {answer.json()["status"] for answer in answers} == {"accepted"}
        processes.settled()
        assert len(processes.rows(child_orders)) == len(processes.rows(fills)) == 7


def test_a_limit_over_all_accounts_holds(tmp_path: Path, postgres_url: str, valkey: Valkey) -> None:
    valkey.flush()
    # Of the symbol's price, 100, with room for seven and a half, since an order is valued at its ask.
    limit = {"TRADEWIRE_GUARDIANS__MAX_POSITION__NOTIONAL": "750"}
    with fleet(tmp_path, postgres_url, valkey.url, **limit) as processes:
        processes.prepare("a", "b", "c", "d", prices={"AAPL": "100"}, volatility="0")
        doors = [processes.serve(), processes.serve()]
        processes.workers("w1", "w2", "w3")
        messages = [{"strategy": "abcd"[n % 4], "action": "buy", "qty": 1, "id": str(n)} for n in range(50)]
        processes.post_all(doors, messages)
        processes.settled()
        held = [row.quantity for row in processes.rows(positions) if row.algorithm_id]
        assert sum(held) == Decimal(7)
        assert len(processes.rows(child_orders)) == len(processes.rows(fills)) == 7
