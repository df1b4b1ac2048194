"""An index by which orders are found that a broker calls by its own name for them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    named = sa.text("broker_order_id IS NOT NULL")
    op.create_index(
        "ix_child_orders_broker_order",
        "child_orders",
        ["account_id", "broker_order_id"],
        sqlite_where=named,
        postgresql_where=named,
    )
