"""The positions table: what a fill does to its holder's row."""

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, select, update

from tradewire.contract.broker import Execution
from tradewire.domain.position import Position, apply_fill
from tradewire.domain.quantity import ZERO
from tradewire.store.schema import positions

#: Fees in another currency than the instrument's are held in a row of their own, which never has a quantity.
FEES = "fees:"


def book_fill(
    conn: Connection, account_id: str, algorithm_id: str, execution: Execution, now: datetime
) -> tuple[Decimal, Decimal]:
    """Store the position after `execution`; returns what it realised and the quantity held now.

    `algorithm_id` is "" for an execution that belongs to no order of ours.
    """
    holder = (account_id, algorithm_id)
    is_own = execution.fee_currency in (None, execution.currency)
    before = _read(conn, holder, execution.instrument_id, execution.multiplier)
    after, profit = apply_fill(
        before,
        execution.side,
        execution.quantity,
        execution.price,
        execution.fee if is_own else ZERO,
    )
    _write(conn, holder, execution.instrument_id, execution.currency, after, now)
    if not is_own and execution.fee_currency is not None:
        name = f"{FEES}{execution.fee_currency}"
        fees = _read(conn, holder, name, Decimal(1))
        paid = msgspec.structs.replace(fees, fees=fees.fees + execution.fee)
        _write(conn, holder, name, execution.fee_currency, paid, now)
    return profit, after.quantity


def _read(conn: Connection, holder: tuple[str, str], instrument_id: str, multiplier: Decimal) -> Position:
    row = conn.execute(select(positions).where(_mine(holder, instrument_id))).one_or_none()
    if row is None:
        return Position(multiplier=multiplier)
    return Position(
        quantity=row.quantity,
        cost=row.cost,
        realised=row.realised,
        fees=row.fees,
        cash=row.cash,
        multiplier=row.multiplier,
    )


def _write(
    conn: Connection,
    holder: tuple[str, str],
    instrument_id: str,
    currency: str,
    position: Position,
    now: datetime,
) -> None:
    values = {
        "quantity": position.quantity,
        "cost": position.cost,
        "realised": position.realised,
        "fees": position.fees,
        "cash": position.cash,
        "updated_at": now,
    }
    if conn.execute(update(positions).where(_mine(holder, instrument_id)).values(**values)).rowcount:
        return
    account_id, algorithm_id = holder
    conn.execute(
        insert(positions).values(
            account_id=account_id,
            algorithm_id=algorithm_id,
            instrument_id=instrument_id,
            currency=currency,
            multiplier=position.multiplier,
            **values,
        )
    )


def _mine(holder: tuple[str, str], instrument_id: str) -> ColumnElement[bool]:
    account_id, algorithm_id = holder
    return (
        (positions.c.account_id == account_id)
        & (positions.c.algorithm_id == algorithm_id)
        & (positions.c.instrument_id == instrument_id)
    )
