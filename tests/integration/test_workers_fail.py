"""A worker frozen past its lease, or killed: another takes over, and no order is lost or sent twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import plain_http
from integration.fleet import Fleet, Process, fleet, until
from plugins.brokers.paper.process import VenueProcess
from servers.valkey import Valkey
from tradewire.store.schema import child_orders, leases
from tradewire_paper.wire import Books


@pytest.fixture
def processes(tmp_path: Path, postgres_url: str, valkey: Valkey, venue: VenueProcess) -> Iterator[Fleet]:
    """The account "a" trades at the venue."""
    valkey.flush()
    with fleet(tmp_path, postgres_url, valkey.url) as made:
        made.prepare("a", url=venue.url, timeout_s="1")
        yield made


def submitted(venue: VenueProcess) -> Counter[str]:
    """How often each client id came to the venue."""
    books = msgspec.json.decode(plain_http.get(f"{venue.url}/book", timeout=30).content, type=Books)
    return Counter(order.client_id or "" for one in books.accounts for order in one.orders)


def owned_by(processes: Fleet, worker_id: str) -> None:
    def story() -> str:
        return "\n\n".join([str(processes.owners()), *(one.log() for one in processes.processes)])

    until(lambda: processes.owners() == {"a": worker_id}, story)


def epoch(processes: Fleet) -> int:
    return int(processes.rows(leases)[0].epoch)


def is_frozen(processes: Fleet, point: str) -> bool:
    """Whether a worker has stopped itself at a crash point."""
    log = processes.folder / "crashes"
    return log.exists() and point in log.read_text()


@pytest.mark.parametrize("point", ["submit.released", "submit.sent", "cancel.asking"])
def test_frozen_in_the_middle_and_revived_after_its_lease_a_worker_sends_nothing(
    processes: Fleet, venue: VenueProcess, point: str
) -> None:
    door = processes.serve()
    crash = {
        "TRADEWIRE_CRASH": f"{point}:1:freeze",
        "TRADEWIRE_CRASH_LOG": str(processes.folder / "crashes"),
    }
    frozen = processes.worker("w1", **crash)
    owned_by(processes, "w1")
    order = {"action": "buy"} if point != "cancel.asking" else {"action": "buy", **RESTING}
    processes.accepted(door, "a", **order)
    if point == "cancel.asking":
        until(lambda: [row.state for row in processes.rows(child_orders)] == ["acknowledged"])
        processes.accepted(door, "a", action="cancel")
    until(lambda: is_frozen(processes, point))

    other = processes.worker("w2")
    owned_by(processes, "w2")
    processes.settled()
    before = submitted(venue)
    frozen.revive()
    until(lambda: "lease was lost" in frozen.log(), frozen.log)
    processes.accepted(door, "a", action="buy", quantity=7)
    processes.settled()
    assert processes.owners() == {"a": "w2"}
    assert set(submitted(venue).values()) == {1}
    assert len(submitted(venue)) == len(before) + 1
    assert other.health().status_code == frozen.health().status_code == 200
    assert processes.do(processes.core.services.audit.verify()).ok


RESTING = {"orderType": "limit", "limitPrice": "1"}


def test_a_killed_workers_accounts_are_taken_over_within_the_lease(
    processes: Fleet, venue: VenueProcess
) -> None:
    door = processes.serve()
    processes.workers("w1", "w2")
    until(lambda: None not in processes.owners().values() and len(processes.owners()) == 1)
    owner = processes.owners()["a"]
    taken = epoch(processes)
    for number in range(20):
        processes.accepted(door, "a", action="buy", id=str(number))
    killed: Process = processes.processes[1 if owner == "w1" else 2]
    killed.kill()
    for number in range(20, 30):
        processes.accepted(door, "a", action="buy", id=str(number))
    processes.settled()
    assert processes.owners() == {"a": "w2" if owner == "w1" else "w1"}
    assert epoch(processes) == taken + 1
    assert set(submitted(venue).values()) == {1}
    assert {row.client_id for row in processes.rows(child_orders)} == submitted(venue).keys()
    assert len(submitted(venue)) == 30
    assert processes.do(processes.core.services.audit.verify()).ok
