"""`tradewire status` names the accounts that cannot trade just now."""

from datetime import UTC, datetime

from tradewire.cli.status import unready
from tradewire.services.workers import ServedView, WorkerList, WorkerState, WorkerView

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def _serving(*accounts: ServedView) -> WorkerList:
    worker = WorkerView(
        id="w1",
        host="h",
        pid=1,
        version="1",
        url=None,
        started_at=NOW,
        heard_s=0.1,
        heard_at=NOW,
        alive=True,
        state=WorkerState.RUNNING,
        accounts=accounts,
    )
    return WorkerList(items=(worker,), unserved=())


def test_an_account_that_is_not_ready_is_named_with_the_reason() -> None:
    why = "No broker 'notebook' is installed."
    told = unready(
        _serving(
            ServedView(account="book", ready=False, why_not=why),
            ServedView(account="other", ready=False, why_not="connecting"),
            ServedView(account="paper", ready=True, why_not=None),
        )
    )
    assert told == [
        "The account book is not ready: No broker 'notebook' is installed.",
        "The account other is not ready: connecting.",
    ]


def test_an_account_that_is_ready_needs_nobody() -> None:
    assert unready(_serving(ServedView(account="paper", ready=True, why_not=None))) == []
