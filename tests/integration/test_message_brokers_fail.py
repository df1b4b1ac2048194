"""Redis (Valkey) or RabbitMQ away, frozen, killed, emptied: webhooks are answered, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.fleet import Fleet, fleet, until
from servers.machine import Server
from servers.rabbitmq import RabbitMq, skip_without_rabbitmq
from servers.valkey import Valkey
from tradewire.store.schema import parent_orders


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A message broker of the test's own."""
    if request.param is RabbitMq:
        skip_without_rabbitmq()
    server: Server = request.param()
    server.start()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def processes(tmp_path: Path, postgres_url: str, broker: Server) -> Iterator[Fleet]:
    url = broker.url  # type: ignore[attr-defined]
    with fleet(tmp_path, postgres_url, url) as made:
        made.prepare("a")
        yield made


BROKERS = pytest.mark.parametrize("broker", [Valkey, RabbitMq], indirect=True)


def filled(processes: Fleet, many: int) -> None:
    """Wait until so many orders were made and have filled."""
    until(lambda: [row.state for row in processes.rows(parent_orders)] == ["filled"] * many)


@BROKERS
def test_frozen_it_holds_up_no_webhook_and_no_order(processes: Fleet, broker: Server) -> None:
    door = processes.serve()
    worker = processes.worker("w1")
    processes.accepted(door, "a", action="buy")
    filled(processes, 1)
    broker.freeze()
    for quantity in range(2, 12):
        processes.accepted(door, "a", action="buy", quantity=quantity)
    filled(processes, 11)
    assert worker.health().status_code == 200
    broker.revive()
    processes.accepted(door, "a", action="buy", quantity=12)
    filled(processes, 12)


@BROKERS
def test_killed_and_started_again_it_is_found_again(processes: Fleet, broker: Server) -> None:
    door = processes.serve()
    worker = processes.worker("w1", TRADEWIRE_ENGINE__SWEEP_S="10", TRADEWIRE_ENGINE__LEASE_S="60")
    broker.kill()
    processes.accepted(door, "a", action="buy")
    for process in (door, worker):
        until(lambda process=process: "The message broker does not answer" in process.log())
    broker.start()
    filled(processes, 1)
    processes.accepted(door, "a", action="buy", quantity=2)
    filled(processes, 2)
    for process in (door, worker):
        assert process.log().count("The message broker does not answer") == 1
        assert process.log().count("The message broker answers again") == 1


@pytest.mark.parametrize("broker", [Valkey], indirect=True)
def test_emptied_it_loses_nothing(processes: Fleet, broker: Valkey) -> None:
    door = processes.serve()
    for quantity in range(1, 6):
        processes.accepted(door, "a", action="buy", quantity=quantity)
    broker.flush()
    processes.worker("w1")
    filled(processes, 5)
    broker.flush()
    processes.accepted(door, "a", action="buy", quantity=6)
    broker.flush()
    filled(processes, 6)


@pytest.mark.parametrize("broker", [Valkey], indirect=True)
def test_never_there_it_is_missed_by_nobody(processes: Fleet, broker: Valkey) -> None:
    broker.kill()
    door = processes.serve()
    processes.worker("w1")
    processes.accepted(door, "a", action="buy")
    filled(processes, 1)
    assert door.stop() == 0
