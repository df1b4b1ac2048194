"""The names of accounts and algorithms that were removed."""

import sqlalchemy as sa
from alembic import op

from tradewire.store.types import Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "removed",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("removed_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_removed"),
    )
