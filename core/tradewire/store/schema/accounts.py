"""Configuration and its live state: accounts, algorithms, switches, leases."""

from sqlalchemy import Boolean, Column, Integer, LargeBinary, PrimaryKeyConstraint, Table

from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.store.schema.metadata import metadata
from tradewire.store.types import Counter, Document, String, Text, Utc

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("document", Document(Account), nullable=False),
    Column("credentials", LargeBinary),
    Column("created_at", Utc, nullable=False),
)

# `document` is the whole algorithm; the columns beside it are what is searched for.
algorithms = Table(
    "algorithms",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("account_id", String(36), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("valid_until", Utc),
    Column("document", Document(Algorithm), nullable=False),
)

# One row per scope: global (scope_id ""), account or algorithm.
switches = Table(
    "switches",
    metadata,
    Column("scope", Text, nullable=False),
    Column("scope_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("reason", Text),
    Column("by", Text),
    Column("changed_at", Utc),
    PrimaryKeyConstraint("scope", "scope_id"),
)

# A number per scope that rises with every change a guardian may have looked at.
versions = Table(
    "versions",
    metadata,
    Column("scope", Text, nullable=False),
    Column("scope_id", Text, nullable=False),
    Column("version", Counter, nullable=False),
    PrimaryKeyConstraint("scope", "scope_id"),
)

# Which process acts for an account. `epoch` rises with every taking, so that a former owner notices that it
# is one. `reconciled`: whether positions were ever compared; what is held at the first comparison is the
# baseline, a change of it afterwards is drift.
leases = Table(
    "leases",
    metadata,
    Column("account_id", String(36), primary_key=True),
    Column("owner", Text),
    Column("epoch", Integer, nullable=False),
    Column("until", Utc),
    Column("reconciled", Boolean, nullable=False, default=False),
)

# What a broker session keeps for its account, encrypted.
account_states = Table(
    "account_states",
    metadata,
    Column("account_id", String(36), nullable=False),
    Column("key", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("account_id", "key"),
)
