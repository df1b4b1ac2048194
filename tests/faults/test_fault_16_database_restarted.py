"""Fault 16 on PostgreSQL: the database is restarted, and killed, while a server and a worker are at work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.fleet_stage import exported_by
from faults.load import Sender
from faults.truth import book_of, judged, told
from integration.fleet import Fleet, fleet, until
from plugins.brokers.paper.process import VenueProcess
from servers.postgres import Postgres
from servers.valkey import Valkey


@pytest.fixture
def database() -> Iterator[Postgres]:
    """One of the test's own, since others would miss it."""
    postgres = Postgres()
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.remove()


@pytest.fixture
def many(tmp_path: Path, database: Postgres, valkey: Valkey, venue: VenueProcess) -> Iterator[Fleet]:
    valkey.flush()
    with fleet(tmp_path / "fleet", database.create(migrated=True), valkey.url) as made:
        made.prepare()
        made.add_account("venue", url=venue.url, timeout_s="1")
        for name in ("entries", "resting"):
            made.add_algorithm(name, account="venue")
        yield made


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_16_orders_go_on_after_the_database_came_back_and_none_is_lost_or_doubled(
    many: Fleet, database: Postgres, venue: VenueProcess, how: str
) -> None:
    door = many.serve()
    many.worker("w1")
    sender = Sender(how)
    sender.start(door.url, many.key, pause_s=0.02)
    until(lambda: len(sender.acknowledged) > 10)
    if how == "kill":
        database.kill()
        database.start()
    else:
        database.restart()
    before = len(sender.acknowledged)
    until(lambda: len(sender.acknowledged) > before + 10)
    sender.stop()
    sender.finish(door.url, many.key)
    many.settled()
    report = judged(exported_by(many), book_of(venue), sender.acknowledged)
    assert report.ok, told(report)
