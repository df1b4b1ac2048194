"""Webhook messages as they came in, and the keys by which a second copy is known."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table

from tradewire.domain.message import Message
from tradewire.store.schema.metadata import metadata, partial_index
from tradewire.store.types import Counter, Document, String, Text, Utc

# status: accepted | invalid | duplicate. routed_at is null while an accepted signal waits for the router;
# outcome is set where a signal ends without any parent order (no_match, invalid, duplicate, failed).
signals = Table(
    "signals",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("provider", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("accepted_at", Utc, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("message", Document(Message)),
    Column("strategy_id", Text),
    Column("content_digest", String(64), nullable=False),
    Column("test", Boolean, nullable=False, default=False),
    Column("status", Text, nullable=False),
    Column("duplicate_of", String(36)),
    Column("routed_at", Utc),
    Column("outcome", Text),
    Column("reason", Text),
    sqlite_autoincrement=True,
)
partial_index("ix_signals_unrouted", signals.c.routed_at.is_(None), signals.c.seq)
Index("ix_signals_content", signals.c.content_digest, signals.c.accepted_at)

# One row per known content or explicit id; expires_at null: for ever.
dedupe = Table(
    "dedupe",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("signal_id", String(36), nullable=False),
    Column("expires_at", Utc),
)
