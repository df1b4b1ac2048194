"""What a person decided on UNKNOWN orders, on its way to the process that serves their account."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.domain.base import Struct
from tradewire.store.schema import decisions


class OrderDecision(Struct):
    """`filled` is (quantity in all, price); None for an order that never reached the broker."""

    client_id: str
    filled: tuple[Decimal, Decimal] | None


def put(conn: Connection, account_id: str, decision: OrderDecision, now: datetime) -> None:
    """Leave a decision for the account's owner; a later one takes the place of an earlier."""
    quantity, price = decision.filled or (None, None)
    decided = {"account_id": account_id, "quantity": quantity, "price": price, "decided_at": now}
    make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    row = make(decisions).values(client_id=decision.client_id, **decided)
    conn.execute(row.on_conflict_do_update(index_elements=[decisions.c.client_id], set_=decided))


def waiting(conn: Connection, account_id: str) -> tuple[OrderDecision, ...]:
    """The account's decisions that nobody has applied."""
    rows = conn.execute(select(decisions).where(decisions.c.account_id == account_id))
    return tuple(
        OrderDecision(
            client_id=row.client_id, filled=None if row.quantity is None else (row.quantity, row.price)
        )
        for row in rows
    )


def settle(conn: Connection, decision: OrderDecision) -> bool:
    """Forget a decision that is being applied; one that took its place meanwhile stays.

    Whether it still waited: where it did not, it was applied already, or another one counts.
    """
    quantity, price = decision.filled or (None, None)
    gone = delete(decisions).where(
        decisions.c.client_id == decision.client_id,
        decisions.c.quantity.is_not_distinct_from(quantity),
        decisions.c.price.is_not_distinct_from(price),
    )
    return conn.execute(gone).rowcount > 0
