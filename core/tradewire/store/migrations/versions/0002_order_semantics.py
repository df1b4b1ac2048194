"""What an order is for, how it was sized, and how many entries make up a position."""

import sqlalchemy as sa
from alembic import op

from tradewire.store.types import Amount, Utc

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("goal", sa.Text()),
        sa.Column("size", Amount()),
        sa.Column("size_kind", sa.Text()),
        sa.Column("target", Amount()),
        sa.Column("sized", sa.Text()),
        sa.Column("cancel_first", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("take_profit", sa.LargeBinary()),
        sa.Column("stop_loss", sa.LargeBinary()),
        sa.Column("extended_hours", sa.Boolean()),
        sa.Column("queued_at", Utc()),
        sa.Column("queued_until", Utc()),
        sa.Column("episode", sa.Integer()),
    ):
        op.add_column("parent_orders", column)
    op.add_column(
        "child_orders",
        sa.Column("extended_hours", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for name in ("episode", "entries"):
        op.add_column("positions", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
