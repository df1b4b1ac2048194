"""The append-only journal, and the chain over it."""

from sqlalchemy import Column, Integer, LargeBinary, Table

from tradewire.store.schema.metadata import metadata
from tradewire.store.types import Counter, String, Text, Utc

# `body` is the entry's canonical JSON, the bytes that are chained; the columns repeat it for searching.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False),
    Column("kind", Text, nullable=False),
    Column("signal_id", String(36), index=True),
    Column("parent_id", String(32), index=True),
    Column("account_id", String(36)),
    Column("algorithm_id", String(36), index=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# number: 1, 2, 3 … without a gap, entry_seq rising with it; the hash is ledger/chain.py's.
ledger_seals = Table(
    "ledger_seals",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=False),
    Column("entry_seq", Counter, nullable=False, unique=True),
    Column("hash", LargeBinary(32), nullable=False),
)

# The one row (id 1) that tells this ledger from every other: what the first seal is chained to.
ledger_origin = Table(
    "ledger_origin",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("store_id", String(36), nullable=False),
)
