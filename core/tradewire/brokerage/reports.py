"""Storing what a broker tells, in one transaction: executions once each, states, positions, profit."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, update

from tradewire.brokerage import merging
from tradewire.brokerage.books import Books
from tradewire.brokerage.report_rows import BY_HAND as BY_HAND
from tradewire.brokerage.report_rows import ReportRows
from tradewire.contract.broker import Execution, OrderState, OrderUpdate
from tradewire.crashpoints import crashpoint
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder, ParentState
from tradewire.domain.quantity import canonical, is_usable
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.rows import columns
from tradewire.store.schema import child_orders, fills, parent_orders, refused_executions

_KINDS = {
    ChildState.ACKNOWLEDGED: EntryKind.CHILD_ACKNOWLEDGED,
    ChildState.REJECTED: EntryKind.CHILD_REJECTED,
}

#: Reports are stored in pieces of so many; a statement takes only so many names at once.
PIECE = 2_000

_FILL = insert(fills)
_REFUSED = insert(refused_executions)
_CHILD = (
    update(child_orders)
    .where(child_orders.c.client_id == bindparam("child"))
    .values({name: bindparam(f"new_{name}") for name in ChildOrder.__struct_fields__ if name != "client_id"})
)
_PARENT = (
    update(parent_orders)
    .where(parent_orders.c.id == bindparam("parent"))
    .values(
        filled=bindparam("new_filled"),
        episode=bindparam("new_episode"),
        state=bindparam("new_state"),
        wake_at=bindparam("new_wake_at"),
        version=parent_orders.c.version + 1,
    )
)


class Stored(Struct):
    """What a batch of reports changed: whether the account is due, and which children lack executions.

    `settled` are the other children that changed.
    """

    due: bool = False
    fills: int = 0
    awaiting: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()

    def and_then(self, later: "Stored") -> "Stored":
        """What an earlier piece awaited, a later one may have brought."""
        left = [one for one in self.awaiting if one not in later.settled and one not in later.awaiting]
        return Stored(
            due=self.due or later.due,
            fills=self.fills + later.fills,
            awaiting=(*left, *later.awaiting),
            settled=self.settled | later.settled,
        )


def store_reports(
    conn: Connection, account_id: str, reports: Sequence[Execution | OrderUpdate], now: datetime
) -> Stored:
    """Apply reports in the order given; what is known already changes nothing."""
    versions.lock(conn, account_id)
    stored = Stored()
    for start in range(0, len(reports), PIECE):
        told = [one if isinstance(one, Execution) else one.order for one in reports[start : start + PIECE]]
        book = _Book(conn, account_id, told, now)
        for report in told:
            if isinstance(report, Execution):
                book.execution(report)
            else:
                book.order(report)
        stored = stored.and_then(book.close())
    return stored


def _is_usable(execution: Execution) -> bool:
    """Whether the numbers can be booked; what a broker sends is input like any other."""
    above_zero = (execution.quantity, execution.multiplier)
    usable = all(is_usable(number) for number in (*above_zero, execution.price, execution.fee))
    return usable and min(above_zero) > 0


class _Book:
    """One batch under way, with the children and parents it has touched."""

    def __init__(
        self, conn: Connection, account_id: str, told: Sequence[Execution | OrderState], now: datetime
    ) -> None:
        self._conn = conn
        self._account_id = account_id
        self._now = now
        self._rows = ReportRows(conn, account_id, told)
        self._books = Books(conn, account_id, [one for one in told if isinstance(one, Execution)])
        self._fills: list[dict[str, Any]] = []
        self._entries: list[Entry] = []
        self._changed: set[str] = set()
        self._woken: set[str] = set()

    def execution(self, execution: Execution) -> None:
        if not self._rows.is_new(execution.execution_id):
            return
        child = self._rows.child(execution.client_id, execution.broker_order_id)
        refusal = self._refusal(execution, child)
        if refusal is not None:
            self._refuse(execution, refusal)
            return
        parent = self._rows.parents[child.parent_id] if child is not None else None
        booked = self._books.fill(parent, execution)
        self._fills.append(
            {
                "account_id": self._account_id,
                "execution_id": execution.execution_id,
                "client_id": child.client_id if child else execution.client_id,
                "parent_id": parent.id if parent else None,
                "algorithm_id": parent.algorithm_id if parent else None,
                "instrument_id": execution.instrument_id,
                "side": execution.side.value,
                "quantity": execution.quantity,
                "price": execution.price,
                "currency": execution.currency,
                "multiplier": execution.multiplier,
                "fee": execution.fee,
                "fee_currency": execution.fee_currency,
                "realised": booked.realised,
                "at": execution.at,
                "stored_at": self._now,
            }
        )
        self._note(
            EntryKind.FILL_STORED,
            parent,
            child.client_id if child else execution.client_id,
            None if parent else "It belongs to no order of Tradewire's.",
            execution=execution.execution_id,
            instrument=execution.instrument_id,
            side=execution.side.value,
            quantity=canonical(execution.quantity),
            price=canonical(execution.price),
            currency=execution.currency,
            fee=canonical(execution.fee),
            realised=canonical(booked.realised),
            position=canonical(booked.held),
            executed_at=execution.at,
        )
        if child is not None and parent is not None:
            self._keep(child, merging.with_execution(child, execution.quantity, self._now))
            if not parent.state.is_live:
                self._alert_late(parent, execution, booked.held)
            if child.filled + execution.quantity > child.quantity:
                self._alert_more(parent, child, execution)
            self._fill_parent(parent, execution.quantity, booked.episode)

    def order(self, report: OrderState) -> None:
        child = self._rows.child(report.client_id, report.broker_order_id)
        if child is not None:
            self._keep(child, merging.with_report(child, report, self._now))

    def close(self) -> Stored:
        children, parents = self._rows.children, self._rows.parents
        self._books.store(self._now)
        if self._fills:
            self._conn.execute(_FILL, self._fills)
        if self._changed:
            self._conn.execute(_CHILD, [_child_row(children[one]) for one in sorted(self._changed)])
        if self._woken:
            rows = [_parent_row(parents[one], self._now) for one in sorted(self._woken)]
            self._conn.execute(_PARENT, rows)
        append(self._conn, self._entries)
        if self._entries:
            crashpoint("report.storing")
        if self._woken or self._fills:
            versions.bump(self._conn, self._account_id)
        awaiting = {one for one in self._changed if merging.awaits_executions(children[one])}
        return Stored(
            due=bool(self._woken),
            fills=len(self._fills),
            awaiting=tuple(sorted(awaiting)),
            settled=frozenset(self._changed - awaiting),
        )

    def _keep(self, before: ChildOrder, after: ChildOrder) -> None:
        if after == before:
            return
        self._rows.put(after)
        self._changed.add(after.client_id)
        parent = self._rows.parents[after.parent_id]
        if after.state is not before.state:
            self._note_state(parent, before, after)
        if after.filled != before.filled or not after.state.is_open or before.state is ChildState.UNKNOWN:
            self._woken.add(parent.id)

    def _alert_late(self, parent: ParentOrder, execution: Execution, held: Decimal) -> None:
        """What followed its end, such as the opening after a close, did not know of this fill."""
        self._note(
            EntryKind.ALERT_RAISED,
            parent,
            execution.client_id,
            f"An execution of {canonical(execution.quantity)} {parent.symbol} came after its order had ended "
            f"({parent.state.value.replace('_', ' ')}). It is booked: the algorithm now holds "
            f"{canonical(held)}. What came after that order was sized without it; check the position.",
            execution=execution.execution_id,
            position=canonical(held),
        )

    def _alert_more(self, parent: ParentOrder, child: ChildOrder, execution: Execution) -> None:
        filled = canonical(child.filled + execution.quantity)
        self._note(
            EntryKind.ALERT_RAISED,
            parent,
            child.client_id,
            f"The broker has executed more than was ordered: {filled} of {canonical(child.quantity)} "
            f"{parent.symbol}. It is booked; compare the account's positions.",
            execution=execution.execution_id,
        )

    def _fill_parent(self, parent: ParentOrder, quantity: Decimal, episode: int | None) -> None:
        """Count the fill; a late one also corrects how an ended parent ended."""
        filled = self._rows.parents[parent.id].filled + quantity
        state = parent.state
        if not state.is_live:
            full = parent.quantity is not None and filled >= parent.quantity
            state = ParentState.FILLED if full else ParentState.PARTLY_FILLED
        self._rows.parents[parent.id] = msgspec.structs.replace(
            self._rows.parents[parent.id], filled=filled, state=state, episode=episode
        )
        self._woken.add(parent.id)

    def _note_state(self, parent: ParentOrder, before: ChildOrder, after: ChildOrder) -> None:
        kind = _KINDS.get(after.state, EntryKind.CHILD_ENDED if not after.state.is_open else None)
        if kind is None and before.acknowledged_at is None and after.acknowledged_at is not None:
            kind = EntryKind.CHILD_ACKNOWLEDGED
        if kind is not None:
            self._note(
                kind,
                parent,
                after.client_id,
                after.detail,
                state=after.state.value,
                code=after.reason,
                filled=canonical(after.filled),
                broker_order_id=after.broker_order_id,
            )

    def _refusal(self, execution: Execution, child: ChildOrder | None) -> str | None:
        """Why an execution is not booked; nothing is guessed about it, a person is told."""
        if not _is_usable(execution):
            return "its quantity, price or fee is unusable"
        if child is None or execution.execution_id.startswith(BY_HAND):
            return None
        if (execution.side, execution.instrument_id) != (child.side, child.instrument_id):
            return "its side or instrument is not that of its order"
        if not self._rows.was_settled_by_hand(child.client_id):
            return None
        return "its order was settled by hand before, and to book it would count it twice"

    def _refuse(self, execution: Execution, why: str) -> None:
        refused = {
            "account_id": self._account_id,
            "execution_id": execution.execution_id,
            "reason": why,
            "at": self._now,
        }
        self._conn.execute(_REFUSED, refused)
        self._note(
            EntryKind.ALERT_RAISED,
            None,
            execution.client_id,
            f"The broker reported an execution that is not booked: {why}. Compare the account's positions.",
            execution=execution.execution_id,
            instrument=execution.instrument_id,
        )

    def _note(
        self,
        kind: EntryKind,
        parent: ParentOrder | None,
        client_id: str | None,
        reason: str | None,
        **data: Value,
    ) -> None:
        self._entries.append(
            Entry(
                at=self._now,
                kind=kind,
                signal_id=parent.signal_id if parent else None,
                parent_id=parent.id if parent else None,
                client_id=client_id,
                account_id=self._account_id,
                algorithm_id=parent.algorithm_id if parent else None,
                reason=reason,
                data=data,
            )
        )


def _child_row(child: ChildOrder) -> dict[str, Any]:
    changed = {f"new_{name}": value for name, value in columns(child, ("client_id",)).items()}
    return {"child": child.client_id, **changed}


def _parent_row(parent: ParentOrder, now: datetime) -> dict[str, Any]:
    due = parent.state.is_live and (parent.state is not ParentState.PAUSED or parent.cancel_requested)
    return {
        "parent": parent.id,
        "new_filled": parent.filled,
        "new_episode": parent.episode,
        "new_state": parent.state.value,
        "new_wake_at": now if due else parent.wake_at,
    }
