"""Who may send signals and who may use the API."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table

from tradewire.store.schema.metadata import metadata
from tradewire.store.types import Counter, String, Text, Utc

connections = Table(
    "connections",
    metadata,
    Column("name", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

# `sealed` is the key encrypted, so that its owner can read it again; null where
# `signals.revealable_keys` is off.
keys = Table(
    "keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("connection", Text, ForeignKey("connections.name"), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("last4", String(4), nullable=False),
    Column("sealed", LargeBinary),
    Column("created_at", Utc, nullable=False),
    Column("revoked_at", Utc),
    Column("last_used_at", Utc),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("revoked_at", Utc),
)

owner = Table(
    "owner",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Utc, nullable=False),
)

refusals = Table(
    "refusals",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("last4", String(4)),
    Column("kind", Text, nullable=False),
)
