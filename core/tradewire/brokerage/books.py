"""The positions table: what a fill does to its holder's row."""

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, select, update

from tradewire.contract.broker import Execution
from tradewire.domain.base import Struct
from tradewire.domain.order import ParentOrder, Purpose, Side
from tradewire.domain.position import Position, apply_fill
from tradewire.domain.quantity import ZERO
from tradewire.store.schema import positions

#: Fees in another currency than the instrument's are held in a row of their own, which never has a quantity.
FEES = "fees:"


class Booked(Struct):
    """What a fill realised, the quantity held now, and its parent's `episode` from now on."""

    realised: Decimal
    held: Decimal
    episode: int | None


class _Makeup(Struct):
    """How often the position was flat, and how many entries have filled since."""

    episode: int = 0
    entries: int = 0


def book_fill(
    conn: Connection, account_id: str, parent: ParentOrder | None, execution: Execution, now: datetime
) -> Booked:
    """Store the position after `execution`; without a `parent` it belongs to no order of ours."""
    holder = (account_id, parent.algorithm_id if parent is not None else "")
    is_own = execution.fee_currency in (None, execution.currency)
    before, makeup = _read(conn, holder, execution.instrument_id, execution.multiplier)
    after, profit = apply_fill(
        before,
        execution.side,
        execution.quantity,
        execution.price,
        execution.fee if is_own else ZERO,
    )
    makeup, episode = _made_up(makeup, before.quantity, after.quantity, parent, execution.side)
    _write(conn, holder, execution.instrument_id, execution.currency, after, makeup, now)
    if not is_own and execution.fee_currency is not None:
        name = f"{FEES}{execution.fee_currency}"
        fees, none = _read(conn, holder, name, Decimal(1))
        paid = msgspec.structs.replace(fees, fees=fees.fees + execution.fee)
        _write(conn, holder, name, execution.fee_currency, paid, none, now)
    return Booked(realised=profit, held=after.quantity, episode=episode)


def _made_up(
    makeup: _Makeup, before: Decimal, after: Decimal, parent: ParentOrder | None, side: Side
) -> tuple[_Makeup, int | None]:
    """The position's makeup after a fill, and its parent's episode; an entry counts once in each episode."""
    was_flat = before != 0 and before * after <= 0
    episode = makeup.episode + was_flat
    entries = 0 if was_flat else makeup.entries
    enlarges = parent is not None and parent.purpose is Purpose.ENTRY and after * side.sign > 0
    if parent is None or not enlarges:
        return _Makeup(episode=episode, entries=entries), parent.episode if parent is not None else None
    return _Makeup(episode=episode, entries=entries + (parent.episode != episode)), episode


def _read(
    conn: Connection, holder: tuple[str, str], instrument_id: str, multiplier: Decimal
) -> tuple[Position, _Makeup]:
    row = conn.execute(select(positions).where(_mine(holder, instrument_id))).one_or_none()
    if row is None:
        return Position(multiplier=multiplier), _Makeup()
    position = Position(
        quantity=row.quantity,
        cost=row.cost,
        realised=row.realised,
        fees=row.fees,
        cash=row.cash,
        multiplier=row.multiplier,
    )
    return position, _Makeup(episode=row.episode, entries=row.entries)


def _write(
    conn: Connection,
    holder: tuple[str, str],
    instrument_id: str,
    currency: str,
    position: Position,
    makeup: _Makeup,
    now: datetime,
) -> None:
    values = {
        "quantity": position.quantity,
        "cost": position.cost,
        "realised": position.realised,
        "fees": position.fees,
        "cash": position.cash,
        "episode": makeup.episode,
        "entries": makeup.entries,
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
