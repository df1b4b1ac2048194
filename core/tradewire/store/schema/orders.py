"""Parent and child orders, fills, positions, and the verdicts that let them pass or not."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
    text,
)

from tradewire.contract.override import Note
from tradewire.domain.instrument import Instrument
from tradewire.domain.protection import Protection
from tradewire.domain.verdict import Verdict
from tradewire.store.schema.metadata import metadata, partial_index
from tradewire.store.types import Amount, Counter, Document, String, Text, Utc

instruments = Table(
    "instruments",
    metadata,
    Column("account_id", String(36), nullable=False),
    Column("symbol", Text, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("document", Document(Instrument), nullable=False),
    Column("resolved_at", Utc, nullable=False),
    PrimaryKeyConstraint("account_id", "symbol"),
)

parent_orders = Table(
    "parent_orders",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("signal_id", String(36), nullable=False),
    Column("algorithm_id", String(36), nullable=False),
    Column("account_id", String(36), nullable=False),
    Column("leg", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("instrument_id", Text),
    Column("side", Text),
    Column("quantity", Amount),
    Column("filled", Amount, nullable=False),
    Column("goal", Text),
    Column("size", Amount),
    Column("size_kind", Text),
    Column("target", Amount),
    Column("sized", Text),
    Column("cancel_first", Boolean, nullable=False, server_default=false()),
    Column("blueprint", Text, nullable=False),
    Column("order_type", Text),
    Column("limit_price", Amount),
    Column("stop_price", Amount),
    Column("time_in_force", Text),
    Column("signal_price", Amount),
    Column("take_profit", Document(Protection)),
    Column("stop_loss", Document(Protection)),
    Column("extended_hours", Boolean),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("made_way_for", String(32)),
    Column("test", Boolean, nullable=False),
    Column("notes", Document(tuple[Note, ...])),
    Column("created_at", Utc, nullable=False),
    Column("admitted_at", Utc),
    Column("ended_at", Utc),
    Column("wake_at", Utc),
    Column("queued_at", Utc),
    Column("queued_until", Utc),
    Column("episode", Integer),
    Column("version", Integer, nullable=False),
    UniqueConstraint("signal_id", "algorithm_id", "leg"),
    sqlite_autoincrement=True,
)
partial_index(
    "ix_parent_orders_live",
    parent_orders.c.ended_at.is_(None),
    parent_orders.c.account_id,
    parent_orders.c.seq,
)
Index("ix_parent_orders_algorithm", parent_orders.c.algorithm_id, parent_orders.c.created_at)
partial_index(
    "ix_parent_orders_made_way", parent_orders.c.made_way_for.is_not(None), parent_orders.c.made_way_for
)

child_orders = Table(
    "child_orders",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("client_id", String(32), nullable=False, unique=True),
    Column("parent_id", String(32), ForeignKey("parent_orders.id"), nullable=False, index=True),
    Column("account_id", String(36), nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("leg", Integer, nullable=False),
    Column("slice", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Amount, nullable=False),
    Column("order_type", Text, nullable=False),
    Column("limit_price", Amount),
    Column("stop_price", Amount),
    Column("time_in_force", Text, nullable=False),
    Column("extended_hours", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    Column("filled", Amount, nullable=False),
    Column("reported_filled", Amount, nullable=False),
    Column("reported_state", Text),
    Column("broker_order_id", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("look_ups", Integer, nullable=False, default=0),
    Column("created_at", Utc, nullable=False),
    Column("sent_at", Utc),
    Column("acknowledged_at", Utc),
    Column("ended_at", Utc),
    sqlite_autoincrement=True,
)
partial_index(
    "ix_child_orders_open", child_orders.c.ended_at.is_(None), child_orders.c.account_id, child_orders.c.seq
)
partial_index(
    "ix_child_orders_broker_order",
    child_orders.c.broker_order_id.is_not(None),
    child_orders.c.account_id,
    child_orders.c.broker_order_id,
)

fills = Table(
    "fills",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("account_id", String(36), nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("client_id", String(32)),
    Column("parent_id", String(32), index=True),
    Column("algorithm_id", String(36)),
    Column("instrument_id", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Amount, nullable=False),
    Column("price", Amount, nullable=False),
    Column("currency", Text, nullable=False),
    Column("multiplier", Amount, nullable=False),
    Column("fee", Amount, nullable=False),
    Column("fee_currency", Text),
    Column("realised", Amount, nullable=False),
    Column("at", Utc, nullable=False),
    Column("stored_at", Utc, nullable=False),
    UniqueConstraint("account_id", "execution_id"),
    sqlite_autoincrement=True,
)

# Executions that were reported and not booked, so that each is alerted once.
refused_executions = Table(
    "refused_executions",
    metadata,
    Column("account_id", String(36), nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Utc, nullable=False),
    PrimaryKeyConstraint("account_id", "execution_id"),
)

# One row per holder: algorithm_id "" holds what no algorithm of ours accounts for. Fees are in the
# instrument's currency; the account's own position is the sum of its rows. episode rises whenever the
# quantity comes to or passes zero; entries is how many entries have filled in the present one.
positions = Table(
    "positions",
    metadata,
    Column("account_id", String(36), nullable=False),
    Column("algorithm_id", String(36), nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("multiplier", Amount, nullable=False),
    Column("quantity", Amount, nullable=False),
    Column("cost", Amount, nullable=False),
    Column("realised", Amount, nullable=False),
    Column("fees", Amount, nullable=False),
    Column("cash", Amount, nullable=False),
    Column("episode", Integer, nullable=False, server_default=text("0")),
    Column("entries", Integer, nullable=False, server_default=text("0")),
    Column("updated_at", Utc, nullable=False),
    PrimaryKeyConstraint("account_id", "algorithm_id", "instrument_id"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("parent_id", String(32), nullable=False, index=True),
    Column("at", Utc, nullable=False),
    Column("document", Document(tuple[Verdict, ...]), nullable=False),
    sqlite_autoincrement=True,
)
