"""All tables. What is due is a row; what happened is a row; nothing is kept anywhere else."""

from tradewire.store.schema.access import api_tokens, connections, keys, owner, refusals
from tradewire.store.schema.accounts import account_states, accounts, algorithms, leases, switches, versions
from tradewire.store.schema.ledger import ledger_entries, ledger_origin, ledger_seals
from tradewire.store.schema.metadata import metadata
from tradewire.store.schema.orders import (
    child_orders,
    fills,
    instruments,
    parent_orders,
    positions,
    refused_executions,
    verdicts,
)
from tradewire.store.schema.processes import decisions, key_checks, marks, workers
from tradewire.store.schema.removed import removed
from tradewire.store.schema.restorations import restorations
from tradewire.store.schema.signals import dedupe, signals

__all__ = [
    "account_states",
    "accounts",
    "algorithms",
    "api_tokens",
    "child_orders",
    "connections",
    "decisions",
    "dedupe",
    "fills",
    "instruments",
    "key_checks",
    "keys",
    "leases",
    "ledger_entries",
    "ledger_origin",
    "ledger_seals",
    "marks",
    "metadata",
    "owner",
    "parent_orders",
    "positions",
    "refusals",
    "refused_executions",
    "removed",
    "restorations",
    "signals",
    "switches",
    "verdicts",
    "versions",
    "workers",
]
