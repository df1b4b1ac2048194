"""What processes on one database have to tell each other."""

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, Table

from tradewire.store.schema.metadata import metadata
from tradewire.store.types import Amount, String, Text, Utc

# One row per worker id, written with every sweep in the database's time; `life` is new with every start.
# `report` is how its accounts and prices stand, as JSON (`tradewire.brokerage.worker_report`).
workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("life", String(36), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("url", Text),
    Column("started_at", Utc, nullable=False),
    Column("heartbeat", Utc, nullable=False),
    Column("report", LargeBinary, nullable=False),
)

# What a person decided on an UNKNOWN order, until its account's owner has applied it. Without a quantity the
# order never reached the broker.
decisions = Table(
    "decisions",
    metadata,
    Column("client_id", String(32), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("quantity", Amount),
    Column("price", Amount),
    Column("decided_at", Utc, nullable=False),
)

# The last price of an instrument as the account's worker knows it, in the instrument's currency.
marks = Table(
    "marks",
    metadata,
    Column("account_id", String(36), nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("price", Amount, nullable=False),
    Column("fetched_at", Utc, nullable=False),
    PrimaryKeyConstraint("account_id", "instrument_id"),
)

# The one row (id 1) by which a process sees that its key file is this database's: a digest made with its
# pepper, and something sealed with its newest key.
key_checks = Table(
    "key_checks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
