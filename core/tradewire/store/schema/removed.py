"""The names of what a person removed, for the orders, fills and entries that still tell of it."""

from sqlalchemy import Column, Table

from tradewire.store.schema.metadata import metadata
from tradewire.store.types import String, Text, Utc

# `kind` is "account" or "algorithm". A name may be given again; an id never is.
removed = Table(
    "removed",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("removed_at", Utc, nullable=False),
)
