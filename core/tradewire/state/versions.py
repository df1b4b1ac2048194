"""A number per account that rises with every change its guardians may have looked at, and locks its state.

On PostgreSQL every unit that changes an account's orders, fills, positions, switches or algorithms locks the
account first: what it then reads stays so until it has committed. On SQLite whoever writes is alone already.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.store.schema import child_orders, versions

ACCOUNT = "account"


# Built once: putting a statement together costs more than running it, and these run with every order.
_MINE = (versions.c.scope == ACCOUNT) & (versions.c.scope_id == bindparam("account"))
_BUMP = update(versions).where(_MINE).values(version=versions.c.version + 1)
_ALL = (
    select(versions.c.scope, versions.c.scope_id, versions.c.version)
    .where(versions.c.version > 0)
    .order_by(versions.c.scope, versions.c.scope_id)
)
_ONE = _ALL.where(_MINE)
_locked = select(versions.c.scope_id).where(versions.c.scope == ACCOUNT).with_for_update(of=versions)


def lock(conn: Connection, account_id: str) -> None:
    """Let nobody else change this account until the transaction ends. Takes it after waiting its turn."""
    lock_several(conn, (account_id,))


def lock_several(conn: Connection, account_ids: Iterable[str]) -> None:
    """The same for several accounts, in the order in which everybody takes them."""
    if conn.dialect.name != "postgresql":
        return
    wanted = sorted(set(account_ids))
    query = _locked.where(versions.c.scope_id.in_(wanted)).order_by(versions.c.scope_id)
    missing = set(wanted) - set(conn.execute(query).scalars())
    if missing:
        # Accounts that nothing was ever changed of. The row's number stays 0, which `read` takes for none.
        rows = [{"scope": ACCOUNT, "scope_id": one, "version": 0} for one in sorted(missing)]
        conn.execute(postgresql_insert(versions).on_conflict_do_nothing(), rows)
        conn.execute(query).close()


def lock_all(conn: Connection) -> None:
    """The same for every account there is, for what is weighed across accounts."""
    if conn.dialect.name == "postgresql":
        conn.execute(_locked.order_by(versions.c.scope_id)).close()


def lock_owner_of(conn: Connection, client_id: str) -> None:
    """Lock the account of a child order; without such an order there is nothing to lock."""
    if conn.dialect.name != "postgresql":
        return
    owner = select(child_orders.c.account_id).where(child_orders.c.client_id == client_id)
    if conn.execute(_locked.where(versions.c.scope_id == owner.scalar_subquery())).first() is None:
        account_id = conn.execute(owner).scalar()
        if account_id is not None:
            lock(conn, account_id)


def bump(conn: Connection, account_id: str) -> None:
    """Void every plan of the account that was made on older data."""
    if conn.execute(_BUMP, {"account": account_id}).rowcount:
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
    rows = conn.execute(_ALL) if account_id is None else conn.execute(_ONE, {"account": account_id})
    return tuple((scope, scope_id, version) for scope, scope_id, version in rows)
