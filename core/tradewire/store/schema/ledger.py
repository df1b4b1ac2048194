"""The append-only journal, and the chain over it."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from tradewire.store.schema.metadata import metadata
from tradewire.store.types import Utc

# `body` is the entry's canonical JSON, the bytes that are chained; the columns repeat it for searching.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False),
    Column("kind", Text, nullable=False),
    Column("signal_id", String(36), index=True),
    Column("parent_id", String(32), index=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# number: 1, 2, 3 … without a gap; hash = SHA-256(previous hash, number, body).
ledger_seals = Table(
    "ledger_seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("entry_seq", Integer, nullable=False, unique=True),
    Column("hash", LargeBinary(32), nullable=False),
)
