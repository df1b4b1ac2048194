"""The tables by which processes on one database know of each other."""

import sqlalchemy as sa
from alembic import op

from tradewire.store.types import Amount, Utc


def create_processes() -> None:
    op.create_table(
        "decisions",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("quantity", Amount()),
        sa.Column("price", Amount()),
        sa.Column("decided_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_decisions"),
    )
    op.create_table(
        "key_checks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_key_checks"),
    )
    op.create_table(
        "marks",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("price", Amount(), nullable=False),
        sa.Column("fetched_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "instrument_id", name="pk_marks"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("life", sa.String(length=36), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("heartbeat", Utc(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
