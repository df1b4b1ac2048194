"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

from tradewire.store.locks import Lock
from tradewire.store.migrations.append_only import announce_appends, refuse_changes
from tradewire.store.types import Amount, Counter, Utc

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_accounts()
    _create_access()
    _create_signals()
    _create_orders()
    _create_ledger()
    refuse_changes("ledger_entries")
    refuse_changes("ledger_seals")
    announce_appends("ledger_entries", Lock.APPENDERS)


def _create_accounts() -> None:
    op.create_table(
        "account_states",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_account_states"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("credentials", sa.LargeBinary()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "algorithms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_until", Utc()),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_algorithms"),
        sa.UniqueConstraint("name", name="uq_algorithms_name"),
    )
    op.create_index("ix_algorithms_account_id", "algorithms", ["account_id"])
    op.create_table(
        "leases",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("until", Utc()),
        sa.Column("reconciled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_leases"),
    )
    op.create_table(
        "switches",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("by", sa.Text()),
        sa.Column("changed_at", Utc()),
        sa.PrimaryKeyConstraint("scope", "scope_id", name="pk_switches"),
    )
    op.create_table(
        "versions",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("version", Counter, nullable=False),
        sa.PrimaryKeyConstraint("scope", "scope_id", name="pk_versions"),
    )


def _create_access() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("revoked_at", Utc()),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
        sa.UniqueConstraint("name", name="uq_api_tokens_name"),
    )
    op.create_table(
        "connections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_connections"),
    )
    op.create_table(
        "owner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owner"),
    )
    op.create_table(
        "refusals",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("last4", sa.String(length=4)),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_refusals"),
    )
    op.create_index("ix_refusals_at", "refusals", ["at"])
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("revoked_at", Utc()),
        sa.Column("last_used_at", Utc()),
        sa.ForeignKeyConstraint(["connection"], ["connections.name"], name="fk_keys_connection"),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("digest", name="uq_keys_digest"),
    )


def _create_signals() -> None:
    op.create_table(
        "dedupe",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=False),
        sa.Column("expires_at", Utc()),
        sa.PrimaryKeyConstraint("key", name="pk_dedupe"),
    )
    op.create_table(
        "signals",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("accepted_at", Utc(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("message", sa.LargeBinary()),
        sa.Column("strategy_id", sa.Text()),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("duplicate_of", sa.String(length=36)),
        sa.Column("routed_at", Utc()),
        sa.Column("outcome", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("seq", name="pk_signals"),
        sa.UniqueConstraint("id", name="uq_signals_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signals_content", "signals", ["content_digest", "accepted_at"])
    op.create_index(
        "ix_signals_unrouted",
        "signals",
        ["seq"],
        sqlite_where=sa.text("routed_at IS NULL"),
        postgresql_where=sa.text("routed_at IS NULL"),
    )


def _create_orders() -> None:
    op.create_table(
        "fills",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.String(length=32)),
        sa.Column("parent_id", sa.String(length=32)),
        sa.Column("algorithm_id", sa.String(length=36)),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", Amount(), nullable=False),
        sa.Column("price", Amount(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("multiplier", Amount(), nullable=False),
        sa.Column("fee", Amount(), nullable=False),
        sa.Column("fee_currency", sa.Text()),
        sa.Column("realised", Amount(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("stored_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_fills"),
        sa.UniqueConstraint("account_id", "execution_id", name="uq_fills_account_id_execution_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fills_parent_id", "fills", ["parent_id"])
    op.create_table(
        "instruments",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("resolved_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "symbol", name="pk_instruments"),
    )
    op.create_table(
        "parent_orders",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("signal_id", sa.String(length=36), nullable=False),
        sa.Column("algorithm_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Text()),
        sa.Column("side", sa.Text()),
        sa.Column("quantity", Amount()),
        sa.Column("filled", Amount(), nullable=False),
        sa.Column("blueprint", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text()),
        sa.Column("limit_price", Amount()),
        sa.Column("stop_price", Amount()),
        sa.Column("time_in_force", sa.Text()),
        sa.Column("signal_price", Amount()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.LargeBinary()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("admitted_at", Utc()),
        sa.Column("ended_at", Utc()),
        sa.Column("wake_at", Utc()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_parent_orders"),
        sa.UniqueConstraint("id", name="uq_parent_orders_id"),
        sa.UniqueConstraint(
            "signal_id", "algorithm_id", "leg", name="uq_parent_orders_signal_id_algorithm_id_leg"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_parent_orders_algorithm", "parent_orders", ["algorithm_id", "created_at"])
    op.create_index(
        "ix_parent_orders_live",
        "parent_orders",
        ["account_id", "seq"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "positions",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("algorithm_id", sa.String(length=36), nullable=False),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("multiplier", Amount(), nullable=False),
        sa.Column("quantity", Amount(), nullable=False),
        sa.Column("cost", Amount(), nullable=False),
        sa.Column("realised", Amount(), nullable=False),
        sa.Column("fees", Amount(), nullable=False),
        sa.Column("cash", Amount(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "algorithm_id", "instrument_id", name="pk_positions"),
    )
    op.create_table(
        "refused_executions",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "execution_id", name="pk_refused_executions"),
    )
    op.create_table(
        "verdicts",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_verdicts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_verdicts_parent_id", "verdicts", ["parent_id"])
    op.create_table(
        "child_orders",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("slice", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", Amount(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("limit_price", Amount()),
        sa.Column("stop_price", Amount()),
        sa.Column("time_in_force", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filled", Amount(), nullable=False),
        sa.Column("reported_filled", Amount(), nullable=False),
        sa.Column("reported_state", sa.Text()),
        sa.Column("broker_order_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("look_ups", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("sent_at", Utc()),
        sa.Column("acknowledged_at", Utc()),
        sa.Column("ended_at", Utc()),
        sa.ForeignKeyConstraint(["parent_id"], ["parent_orders.id"], name="fk_child_orders_parent_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_child_orders"),
        sa.UniqueConstraint("client_id", name="uq_child_orders_client_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_child_orders_open",
        "child_orders",
        ["account_id", "seq"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_child_orders_parent_id", "child_orders", ["parent_id"])


def _create_ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("signal_id", sa.String(length=36)),
        sa.Column("parent_id", sa.String(length=32)),
        sa.Column("account_id", sa.String(length=36)),
        sa.Column("algorithm_id", sa.String(length=36)),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_entries_algorithm_id", "ledger_entries", ["algorithm_id"])
    op.create_index("ix_ledger_entries_parent_id", "ledger_entries", ["parent_id"])
    op.create_index("ix_ledger_entries_signal_id", "ledger_entries", ["signal_id"])
    op.create_table(
        "ledger_origin",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("store_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_origin"),
    )
    op.create_table(
        "ledger_seals",
        sa.Column("number", Counter, autoincrement=False, nullable=False),
        sa.Column("entry_seq", Counter, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_seals"),
        sa.UniqueConstraint("entry_seq", name="uq_ledger_seals_entry_seq"),
    )
