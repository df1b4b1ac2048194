"""`tradewire serve` and `tradewire worker` on one PostgreSQL and one Valkey."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import plain_http
from integration.fleet import Fleet, fleet, until
from plugins.brokers.paper.process import VenueProcess
from servers.valkey import Valkey
from tradewire.services.resolution import DecidedFilled
from tradewire.services.tokens import TokenScope
from tradewire.store.schema import child_orders, decisions, fills, parent_orders, positions


@pytest.fixture
def processes(tmp_path: Path, postgres_url: str, valkey: Valkey) -> Iterator[Fleet]:
    """No process yet; a key, and the accounts "a" and "b" with an algorithm each."""
    valkey.flush()
    with fleet(tmp_path, postgres_url, valkey.url) as made:
        made.prepare("a", "b")
        yield made


def test_without_a_worker_a_signal_is_accepted_and_waits_and_a_worker_fills_it(
    processes: Fleet, valkey: Valkey
) -> None:
    door = processes.serve()
    first = processes.accepted(door, "a", action="buy")
    for number in range(100):
        processes.accepted(door, "nobody", id=str(number))
    status = processes.do(processes.core.services.overview.status())
    assert (status.engine, status.signals_waiting) == (False, 101)
    assert processes.do(processes.core.services.stories.show(first)).signal.state == "waiting"
    assert "No worker is running" in door.health().text
    assert int(valkey.ask("LLEN tradewire:route")[1:]) <= 64

    processes.worker("w1")
    processes.settled()
    assert [row.state for row in processes.rows(parent_orders)] == ["filled"]
    assert processes.do(processes.core.services.overview.status()).engine


def test_accounts_are_shared_among_the_workers_and_taken_at_once_when_one_is_stopped(
    processes: Fleet,
) -> None:
    door = processes.serve()
    first = processes.worker("w1")
    until(lambda: processes.owners() == {"a": "w1", "b": "w1"})
    second = processes.worker("w2")
    until(lambda: Counter(processes.owners().values()) == {"w1": 1, "w2": 1})
    for account in ("a", "b"):
        processes.accepted(door, account, action="buy")
    processes.settled()
    assert first.stop() == 0
    until(lambda: processes.owners() == {"a": "w2", "b": "w2"})
    told = processes.do(processes.core.services.workers.list())
    assert [(one.id, one.alive, one.url) for one in told.items] == [("w2", True, second.url)]
    for account in ("a", "b"):
        processes.accepted(door, account, action="sell")
    processes.settled()
    assert {row.quantity for row in processes.rows(positions) if row.algorithm_id} == {Decimal(0)}


def test_a_key_is_good_and_bad_in_every_process_at_once(processes: Fleet) -> None:
    doors = [processes.serve(), processes.serve()]
    services = processes.core.services
    before = processes.key
    processes.key = processes.do(services.keys.create("later", "tradingview", "test")).secret
    assert [processes.post(door, "nobody", id=door.url).status_code for door in doors] == [200, 200]
    processes.do(services.keys.revoke("main", "test"))
    processes.key = before
    assert [processes.post(door, "nobody", id=door.url).json()["kind"] for door in doors] == ["revoked"] * 2


def test_a_token_is_good_and_bad_in_every_process_at_once(processes: Fleet) -> None:
    doors = [processes.serve(), processes.serve()]
    tokens = processes.core.services.tokens
    secret = processes.do(tokens.create("ci", TokenScope.READ, "test")).secret

    def answers() -> list[int]:
        headers = {"authorization": f"Bearer {secret}"}
        return [plain_http.get(f"{door.url}/api/v1/status", headers=headers).status_code for door in doors]

    assert answers() == [200, 200]
    processes.do(tokens.revoke("ci", "test"))
    assert answers() == [401, 401]


def test_what_a_process_without_sessions_shows_comes_from_the_workers(processes: Fleet) -> None:
    door = processes.serve()
    worker = processes.worker("w1")
    processes.accepted(door, "a", action="buy", quantity=3)
    processes.settled()

    def marked() -> bool:
        processes.core.elsewhere.refresh_now()
        shown = processes.do(processes.core.services.positions.list())
        return [one.mark is not None for one in shown.items] == [True]

    until(marked)
    account = next(row.account_id for row in processes.rows(fills))
    assert processes.core.elsewhere.capabilities(account) is not None
    told = processes.do(processes.core.services.workers.list())
    assert all(served.ready for one in told.items for served in one.accounts)
    assert worker.health().status_code == 200
    assert "tradewire_healthy 1.0" in plain_http.get(f"{worker.url}/metrics").text


def test_a_second_worker_of_the_same_id_is_refused_and_a_killed_one_starts_at_once(processes: Fleet) -> None:
    door = processes.serve()
    first = processes.worker("w1", TRADEWIRE_ENGINE__LEASE_S="600")
    second = processes.start("worker", "--id", "w1")
    assert 'A worker with the id "w1" is running on this database already.' in second.refusal()
    until(lambda: processes.owners() == {"a": "w1", "b": "w1"})
    first.kill()
    processes.accepted(door, "a", action="buy")
    processes.worker("w1", TRADEWIRE_ENGINE__LEASE_S="600")
    processes.settled()
    assert [row.state for row in processes.rows(parent_orders)] == ["filled"]


def test_a_process_with_another_key_file_is_refused_and_makes_none(processes: Fleet, tmp_path: Path) -> None:
    missing = tmp_path / "elsewhere" / "secret.key"
    missing.parent.mkdir()
    refused = processes.start("serve", "--port", "0", TRADEWIRE_KEY_FILE=str(missing))
    assert f"There is no key file at {missing}" in refused.refusal()
    assert not missing.exists()
    other = tmp_path / "other.key"
    other.write_bytes(_another_key_file())
    other.chmod(0o600)
    refused = processes.start("worker", TRADEWIRE_KEY_FILE=str(other))
    assert "is not the one of this database" in refused.refusal()


def test_new_accounts_and_decisions_do_not_wait_for_a_sweep(
    tmp_path: Path, postgres_url: str, valkey: Valkey, venue: VenueProcess
) -> None:
    slow = {"TRADEWIRE_ENGINE__SWEEP_S": "20", "TRADEWIRE_ENGINE__LEASE_S": "60"}
    with fleet(tmp_path, postgres_url, valkey.url, **slow) as processes:
        door = processes.serve()
        processes.worker("w1")
        processes.prepare("new", url=venue.url, timeout_s="1")
        processes.accepted(door, "new", action="buy", quantity=2)
        processes.settled()

        os.kill(venue.process.pid, signal.SIGSTOP)
        processes.accepted(door, "new", action="buy", quantity=3)
        until(lambda: [row.state for row in processes.rows(child_orders)] == ["filled", "unknown"])
        unknown = processes.rows(child_orders)[-1].client_id
        decision = DecidedFilled(quantity=Decimal(3), price=Decimal(100))
        decided = processes.do(processes.core.services.resolution.resolve(unknown, decision, "test"))
        assert (decided.state, decided.filled) == ("filled", "3")
        processes.settled()
        assert processes.rows(decisions) == []


def _another_key_file() -> bytes:
    from tradewire.security.sealing import Secrets

    return Secrets.new().to_bytes()
