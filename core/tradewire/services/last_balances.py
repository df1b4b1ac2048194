"""What an account is worth, as its broker last told a worker."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from tradewire.brokerage.worker_report import WorkerReport
from tradewire.domain.base import Struct
from tradewire.services.numbers import Number, shown_or_none
from tradewire.store.schema import workers


class BalancesView(Struct):
    """In the account's currency, as last seen `at`; None for what the broker does not say."""

    cash: Number | None
    equity: Number | None
    at: datetime


def last_balances(conn: Connection, account_id: str) -> BalancesView | None:
    """The newest that any worker of the last day told; None where none has, or the broker says nothing."""
    told = [
        BalancesView(cash=shown_or_none(one.cash), equity=shown_or_none(one.equity), at=one.balances_at)
        for report in conn.execute(select(workers.c.report)).scalars()
        for one in msgspec.json.decode(report, type=WorkerReport).accounts
        if one.account_id == account_id and one.balances_at is not None
        if one.cash is not None or one.equity is not None
    ]
    return max(told, key=lambda one: one.at, default=None)
