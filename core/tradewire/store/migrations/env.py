"""Run by alembic for every command; the connection is handed in by `tradewire.store.upgrade`."""

from alembic import context

from tradewire.store.migrations.columns import render_column_type
from tradewire.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=True,
    render_item=render_column_type,
)
with context.begin_transaction():
    context.run_migrations()
