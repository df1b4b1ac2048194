"""`tradewire workers` where the process that worked was killed."""

from typing import Any

from core.cli.conftest import Cli
from tradewire.brokerage.leases import take
from tradewire.brokerage.worker_report import WorkerReport
from tradewire.engine.roll import WorkerIdentity, answer
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.folder import DataFolder
from tradewire.services.naming import account_by
from tradewire.store.database import open_store


def test_a_killed_worker_is_gone_since_it_was_last_heard(cli: Cli, folder: DataFolder) -> None:
    cli("account", "add", "paper")
    now = SystemClock().now()
    me = WorkerIdentity(id="embedded", life="l", host="h", pid=1, version="1", started_at=now)

    def unit(conn: Any) -> None:
        account_id = account_by(conn, "paper").id
        take(conn, account_id, "embedded", now, 30)
        answer(conn, me, WorkerReport(), {account_id: 1}, now, 30, 5)

    store = open_store(folder.database_url)
    store.write_now(unit)
    store.close()
    shown = cli("workers", "--utc").out
    assert f"gone since {now:%m-%d %H:%M:%S}" in shown
    assert "running" not in shown
    assert "Served by none: paper" in shown
    assert max(map(len, shown.splitlines())) <= 80
