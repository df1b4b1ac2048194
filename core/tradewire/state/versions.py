"""A number per account that rises with every change its guardians may have looked at."""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.store.schema import versions

ACCOUNT = "account"


def bump(conn: Connection, account_id: str) -> None:
    """Void every plan of the account that was made on older data."""
    mine = (versions.c.scope == ACCOUNT) & (versions.c.scope_id == account_id)
    if conn.execute(update(versions).where(mine).values(version=versions.c.version + 1)).rowcount:
        return
    insert = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    statement = insert(versions).values(scope=ACCOUNT, scope_id=account_id, version=1)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[versions.c.scope, versions.c.scope_id], set_={"version": versions.c.version + 1}
        )
    )


def read(conn: Connection, account_id: str | None) -> tuple[tuple[str, str, int], ...]:
    """The version of one account, or with None those of all."""
    query = select(versions.c.scope, versions.c.scope_id, versions.c.version).order_by(
        versions.c.scope, versions.c.scope_id
    )
    if account_id is not None:
        query = query.where(versions.c.scope == ACCOUNT, versions.c.scope_id == account_id)
    return tuple((scope, scope_id, version) for scope, scope_id, version in conn.execute(query))
