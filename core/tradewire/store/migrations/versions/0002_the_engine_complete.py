"""What an order is for and how it was sized, several processes on one database, and restored backups."""

import sqlalchemy as sa
from alembic import op

from tradewire.store.migrations.process_tables import create_processes
from tradewire.store.types import Amount, Counter, Utc

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _extend_orders()
    _create_restorations()
    create_processes()


def _extend_orders() -> None:
    for column in (
        sa.Column("goal", sa.Text()),
        sa.Column("size", Amount()),
        sa.Column("size_kind", sa.Text()),
        sa.Column("target", Amount()),
        sa.Column("sized", sa.Text()),
        sa.Column("made_way_for", sa.String(length=32)),
        sa.Column("cancel_first", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("take_profit", sa.LargeBinary()),
        sa.Column("stop_loss", sa.LargeBinary()),
        sa.Column("extended_hours", sa.Boolean()),
        sa.Column("queued_at", Utc()),
        sa.Column("queued_until", Utc()),
        sa.Column("episode", sa.Integer()),
    ):
        op.add_column("parent_orders", column)
    made_way = sa.text("made_way_for IS NOT NULL")
    op.create_index(
        "ix_parent_orders_made_way",
        "parent_orders",
        ["made_way_for"],
        sqlite_where=made_way,
        postgresql_where=made_way,
    )
    op.add_column(
        "child_orders",
        sa.Column("extended_hours", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for name in ("episode", "entries"):
        op.add_column("positions", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))


def _create_restorations() -> None:
    op.create_table(
        "restorations",
        sa.Column("seq", Counter, autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("number", Counter),
        sa.Column("hash", sa.String(length=64)),
        sa.Column("reducing", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", Utc()),
        sa.Column("confirmed_by", sa.Text()),
        sa.PrimaryKeyConstraint("seq", name="pk_restorations"),
        sqlite_autoincrement=True,
    )
