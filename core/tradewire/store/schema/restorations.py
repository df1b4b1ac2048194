"""When this database was found to be older than what happened, and who confirmed that it may go on."""

from sqlalchemy import Column, Table

from tradewire.store.schema.metadata import metadata
from tradewire.store.types import Counter, Document, String, Text, Utc

# `cause` is "restored" (by `tradewire restore`) or "behind" (a checkpoint was newer); `number` and `hash` are
# that checkpoint's. `reducing`: accounts whose switch stood so before it was set to halted.
restorations = Table(
    "restorations",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False),
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("number", Counter),
    Column("hash", String(64)),
    Column("reducing", Document(tuple[str, ...]), nullable=False),
    Column("confirmed_at", Utc),
    Column("confirmed_by", Text),
    sqlite_autoincrement=True,
)
