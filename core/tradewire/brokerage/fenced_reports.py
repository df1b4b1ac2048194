"""Storing what a session heard: all of it under the account's lease, and of the rest what is a fact."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog

from tradewire.brokerage.reports import BY_HAND, StoredReports, store_reports
from tradewire.brokerage.tenure import FencedStore, LeaseLost
from tradewire.contract.broker import Execution, OrderUpdate
from tradewire.store.database import Store

log = structlog.get_logger()


async def store_heard(
    store: Store,
    fenced: FencedStore,
    account_id: str,
    reports: Sequence[Execution | OrderUpdate],
    now: datetime,
) -> StoredReports:
    """Executions are facts, whoever tells them; of states the account's next owner knows more."""
    try:
        return await fenced.write(partial(store_reports, account_id=account_id, reports=reports, now=now))
    except LeaseLost:
        facts = [
            one for one in reports if isinstance(one, Execution) and not one.execution_id.startswith(BY_HAND)
        ]
    log.warning(
        "A report came after the account's lease was lost; only its executions are stored.",
        account=account_id,
        executions=len(facts),
    )
    return await store.write(partial(store_reports, account_id=account_id, reports=facts, now=now))
