"""Restoring into PostgreSQL: in a schema of its own, which takes the place of the tables once all is well."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, text

from tradewire.contract.errors import Unhonoured
from tradewire.services.backup.restoring import Restored
from tradewire.store.postgres_upgrade import on_postgres

#: Where the tables are built; what an earlier attempt left there is thrown away.
_BUILDING = "tradewire_restoring"


def restore_postgres(
    url: str, restoring: Callable[[Connection], Restored], now: datetime
) -> tuple[Restored, str | None]:
    """Run `restoring` on empty tables in the database at `url`, then put them in place.

    Returns the name of the schema that holds what stood there before, None where nothing did. Raises
    `Unhonoured` while a Tradewire is connected, and what `restoring` raises; all is then as it was.
    """
    return on_postgres(url, partial(_restore, restoring=restoring, now=now))


def _restore(
    conn: Connection, name: str, *, restoring: Callable[[Connection], Restored], now: datetime
) -> tuple[Restored, str | None]:
    with conn.begin():
        _refuse_others(conn, name)
        home = str(conn.execute(text("SELECT current_schema()")).scalar_one())
        conn.execute(text(f"DROP SCHEMA IF EXISTS {_BUILDING} CASCADE"))
        conn.execute(text(f"CREATE SCHEMA {_BUILDING}"))
        conn.execute(text(f"SET search_path TO {_BUILDING}"))
    try:
        restored = restoring(conn)
        with conn.begin():
            _refuse_others(conn, name)
            aside = _put_aside(conn, home, now)
            _move(conn, _BUILDING, home)
    finally:
        conn.rollback()
        with conn.begin():
            conn.execute(text(f"DROP SCHEMA IF EXISTS {_BUILDING} CASCADE"))
    return restored, aside


def _refuse_others(conn: Connection, name: str) -> None:
    count = conn.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'tradewire' AND pid <> pg_backend_pid()"
        )
    ).scalar_one()
    if count:
        raise Unhonoured(
            f"A Tradewire is at work on the database {name} ({count} connections). Stop every "
            "`tradewire serve` and `tradewire worker`, then restore again."
        )


def _put_aside(conn: Connection, home: str, now: datetime) -> str | None:
    """Move Tradewire's tables that stand in `home` into a schema of their own; refuse a stranger's."""
    tables = _tables(conn, home)
    if not tables:
        return None
    if "alembic_version" not in tables or "ledger_entries" not in tables:
        raise Unhonoured(
            "The database holds another program's tables; choose an empty one with --database-url."
        )
    aside = f"before_restore_{now:%Y%m%d_%H%M%S}"
    conn.execute(text(f"CREATE SCHEMA {aside}"))
    _move(conn, home, aside)
    return aside


def _move(conn: Connection, here: str, there: str) -> None:
    """Move all tables with what belongs to them, and the functions of their triggers."""
    for table in _tables(conn, here):
        conn.execute(text(f'ALTER TABLE "{here}"."{table}" SET SCHEMA "{there}"'))
    functions = conn.execute(
        text(
            "SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace "
            "WHERE nspname = :schema AND proname LIKE 'tradewire\\_%'"
        ),
        {"schema": here},
    ).scalars()
    for function in functions.all():
        conn.execute(text(f'ALTER FUNCTION "{here}"."{function}" SET SCHEMA "{there}"'))


def _tables(conn: Connection, schema: str) -> list[str]:
    found = conn.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY tablename"),
        {"schema": schema},
    ).scalars()
    return list(found)
