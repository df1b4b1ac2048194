"""Triggers that refuse to change what was written. They stop accidents; the hash chain finds the rest."""

from alembic import op


def refuse_changes(table: str) -> None:
    """From now on rows of `table` can be inserted and read, not updated or deleted."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION tradewire_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tradewire_append_only()"
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


def announce_appends(table: str, key: int) -> None:
    """Whoever inserts into `table` holds the advisory lock `key`, shared, until it has committed.

    From before its first row is numbered, so that the sealer sees whose numbers are still on their way.
    PostgreSQL only: SQLite has one writer.
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        f"CREATE FUNCTION {table}_announced() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_advisory_xact_lock_shared({int(key)}); RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_announced BEFORE INSERT ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_announced()"
    )
