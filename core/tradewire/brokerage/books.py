"""The positions table: what fills do to their holders' rows."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tradewire.contract.broker import Execution
from tradewire.domain.base import Struct
from tradewire.domain.order import ParentOrder, Purpose, Side
from tradewire.domain.position import Position, apply_fill
from tradewire.domain.quantity import ZERO, canonical
from tradewire.store.schema import instruments, positions

#: Fees in another currency than the instrument's are held in a row of their own, which never has a quantity.
FEES = "fees:"


class Booked(Struct):
    """What a fill realised, the quantity held now, and its parent's `episode` from now on."""

    realised: Decimal
    held: Decimal
    episode: int | None


class Denomination(Struct):
    """In what an instrument is counted."""

    currency: str
    multiplier: Decimal

    def __str__(self) -> str:
        return f"{self.currency} x {canonical(self.multiplier)}"


class _Makeup(Struct):
    """How often the position was flat, and how many entries have filled since."""

    episode: int = 0
    entries: int = 0


_HELD = select(positions).where(
    positions.c.account_id == bindparam("account"),
    positions.c.instrument_id.in_(bindparam("instruments", expanding=True)),
)
_INSTRUMENT = select(instruments.c.document).where(
    instruments.c.account_id == bindparam("account"), instruments.c.instrument_id == bindparam("instrument")
)
_KEY = ("account_id", "algorithm_id", "instrument_id")
_CHANGING = ("quantity", "cost", "realised", "fees", "cash", "episode", "entries", "updated_at")


def _upsert(make: Any) -> Any:
    statement = make(positions)
    changed = {name: statement.excluded[name] for name in _CHANGING}
    return statement.on_conflict_do_update(index_elements=_KEY, set_=changed)


# Built once: putting a statement together costs as much as running it, and these run with every fill.
_STORE = {"sqlite": _upsert(sqlite_insert), "postgresql": _upsert(postgresql_insert)}


class _Row(Struct):
    currency: str
    position: Position
    makeup: _Makeup = _Makeup()


class Books:
    """The holders' rows of one account that a batch of executions touches: read once, written once."""

    def __init__(self, conn: Connection, account_id: str, executions: Sequence[Execution]) -> None:
        self._conn = conn
        self._account_id = account_id
        self._rows: dict[tuple[str, str], _Row] = {}
        self._changed: set[tuple[str, str]] = set()
        names = {one.instrument_id for one in executions}
        names |= {f"{FEES}{one.fee_currency}" for one in executions if one.fee_currency is not None}
        if names:
            found = conn.execute(_HELD, {"account": account_id, "instruments": list(names)})
            self._rows = {(row.algorithm_id, row.instrument_id): _row_of(row) for row in found}

    def fill(self, parent: ParentOrder | None, execution: Execution) -> Booked:
        """Book `execution`; without a `parent` it belongs to no order of ours."""
        holder = parent.algorithm_id if parent is not None else ""
        is_own = execution.fee_currency in (None, execution.currency)
        key = (holder, execution.instrument_id)
        blank = _Row(currency=execution.currency, position=Position(multiplier=execution.multiplier))
        row = self._rows.get(key, blank)
        after, profit = apply_fill(
            row.position,
            execution.side,
            execution.quantity,
            execution.price,
            execution.fee if is_own else ZERO,
        )
        makeup, episode = _made_up(row.makeup, row.position.quantity, after.quantity, parent, execution.side)
        self._put(key, msgspec.structs.replace(row, position=after, makeup=makeup))
        if not is_own and execution.fee_currency is not None:
            self._pay((holder, f"{FEES}{execution.fee_currency}"), execution.fee_currency, execution.fee)
        return Booked(realised=profit, held=after.quantity, episode=episode)

    def denomination(self, parent: ParentOrder | None, instrument_id: str) -> Denomination | None:
        """The position's, else those that the instrument was resolved to; None where neither is known."""
        row = self._rows.get((parent.algorithm_id if parent is not None else "", instrument_id))
        if row is not None and row.currency:
            return Denomination(currency=row.currency, multiplier=row.position.multiplier)
        asked = {"account": self._account_id, "instrument": instrument_id}
        known = self._conn.execute(_INSTRUMENT, asked).scalars().first()
        return None if known is None else Denomination(currency=known.currency, multiplier=known.multiplier)

    def store(self, now: datetime) -> None:
        """Write what was booked."""
        if self._changed:
            rows = [_columns(self._account_id, key, self._rows[key], now) for key in sorted(self._changed)]
            self._conn.execute(_STORE[self._conn.dialect.name], rows)

    def _pay(self, key: tuple[str, str], currency: str, fee: Decimal) -> None:
        row = self._rows.get(key, _Row(currency=currency, position=Position(multiplier=Decimal(1))))
        paid = msgspec.structs.replace(row.position, fees=row.position.fees + fee)
        self._put(key, msgspec.structs.replace(row, position=paid))

    def _put(self, key: tuple[str, str], row: _Row) -> None:
        self._rows[key] = row
        self._changed.add(key)


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


def _row_of(row: Row[Any]) -> _Row:
    position = Position(
        quantity=row.quantity,
        cost=row.cost,
        realised=row.realised,
        fees=row.fees,
        cash=row.cash,
        multiplier=row.multiplier,
    )
    makeup = _Makeup(episode=row.episode, entries=row.entries)
    return _Row(currency=row.currency, position=position, makeup=makeup)


def _columns(account_id: str, key: tuple[str, str], row: _Row, now: datetime) -> dict[str, Any]:
    algorithm_id, instrument_id = key
    held = row.position
    return {
        "account_id": account_id,
        "algorithm_id": algorithm_id,
        "instrument_id": instrument_id,
        "currency": row.currency,
        "multiplier": held.multiplier,
        "quantity": held.quantity,
        "cost": held.cost,
        "realised": held.realised,
        "fees": held.fees,
        "cash": held.cash,
        "episode": row.makeup.episode,
        "entries": row.makeup.entries,
        "updated_at": now,
    }
