"""Processes that start at once on an empty database, and a second `tradewire up` on one."""

from pathlib import Path

from integration.fleet import Fleet, fleet
from servers.postgres import Postgres
from servers.valkey import Valkey
from tradewire.store.schema import parent_orders

ALONE = ("TRADEWIRE_DRAMATIQ_URL",)


def test_several_first_starts_at_once_make_one_key_file_and_one_set_of_tables(
    tmp_path: Path, postgres: Postgres, valkey: Valkey
) -> None:
    url = postgres.create(migrated=False)
    with fleet(tmp_path, url, valkey.url, kind=Fleet) as processes:
        starting = [processes.start("worker", "--id", name) for name in ("w1", "w2", "w3")]
        starting.append(processes.start("serve", "--port", "0"))
        for one in starting:
            one.ready()
        processes.prepare("a")
        processes.accepted(starting[-1], "a", action="buy")
        processes.settled()
        assert [row.state for row in processes.rows(parent_orders)] == ["filled"]
    postgres.drop(url)


def test_a_second_up_on_one_database_is_refused(tmp_path: Path, postgres_url: str, valkey: Valkey) -> None:
    with fleet(tmp_path, postgres_url, valkey.url) as processes:
        first = processes.start("up", "--port", "0", without=ALONE).ready()
        second = processes.start("up", "--port", "0", without=ALONE)
        assert "A `tradewire up` is running on this database already." in second.refusal()
        assert "Leave dramatiq_url" in processes.start("up", "--port", "0").refusal()
        first.kill()
        assert processes.start("up", "--port", "0", without=ALONE).ready().stop() == 0
