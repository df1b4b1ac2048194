"""The positions table: what a fill does to its holder's row."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, insert, select, update

from tradewire.contract.broker import Execution
from tradewire.domain.position import Position, apply_fill
from tradewire.store.schema import positions


def book_fill(
    conn: Connection, account_id: str, algorithm_id: str, execution: Execution, now: datetime
) -> tuple[Decimal, Decimal]:
    """Store the position after `execution`; returns what it realised and the quantity held now.

    `algorithm_id` is "" for an execution that belongs to no order of ours.
    """
    mine = (
        (positions.c.account_id == account_id)
        & (positions.c.algorithm_id == algorithm_id)
        & (positions.c.instrument_id == execution.instrument_id)
    )
    row = conn.execute(select(positions).where(mine)).one_or_none()
    before = (
        Position(multiplier=execution.multiplier)
        if row is None
        else Position(
            quantity=row.quantity,
            cost=row.cost,
            realised=row.realised,
            fees=row.fees,
            cash=row.cash,
            multiplier=row.multiplier,
        )
    )
    after, profit = apply_fill(before, execution.side, execution.quantity, execution.price, execution.fee)
    values = {
        "quantity": after.quantity,
        "cost": after.cost,
        "realised": after.realised,
        "fees": after.fees,
        "cash": after.cash,
        "updated_at": now,
    }
    if row is not None:
        conn.execute(update(positions).where(mine).values(**values))
    else:
        conn.execute(
            insert(positions).values(
                account_id=account_id,
                algorithm_id=algorithm_id,
                instrument_id=execution.instrument_id,
                currency=execution.currency,
                multiplier=execution.multiplier,
                **values,
            )
        )
    return profit, after.quantity
