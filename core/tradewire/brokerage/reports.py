"""Storing what a broker tells, in one transaction: executions once each, states, positions, profit."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, insert, select, update

from tradewire.brokerage import merging
from tradewire.brokerage.books import book_fill
from tradewire.contract.broker import Execution, OrderState, OrderUpdate
from tradewire.crashpoints import crashpoint
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder, ParentState
from tradewire.domain.quantity import canonical, is_usable
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.rows import child_of, columns, parent_of
from tradewire.store.schema import child_orders, fills, parent_orders, refused_executions

_KINDS = {
    ChildState.ACKNOWLEDGED: EntryKind.CHILD_ACKNOWLEDGED,
    ChildState.REJECTED: EntryKind.CHILD_REJECTED,
}


#: How the execution is called that stands for a person's word; the broker's own may still come.
BY_HAND = "by-hand-"


class Stored(Struct):
    """What a batch of reports changed: whether the account is due, and which children lack executions."""

    due: bool = False
    fills: int = 0
    awaiting: tuple[str, ...] = ()


def store_reports(
    conn: Connection, account_id: str, reports: Sequence[Execution | OrderUpdate], now: datetime
) -> Stored:
    """Apply reports in the order given; what is known already changes nothing."""
    versions.lock(conn, account_id)
    book = _Book(conn, account_id, now)
    for report in reports:
        if isinstance(report, Execution):
            book.execution(report)
        else:
            book.order(report.order)
    return book.close()


def _is_usable(execution: Execution) -> bool:
    """Whether the numbers can be booked; what a broker sends is input like any other."""
    above_zero = (execution.quantity, execution.multiplier)
    usable = all(is_usable(number) for number in (*above_zero, execution.price, execution.fee))
    return usable and min(above_zero) > 0


class _Book:
    """One batch under way, with the children and parents it has touched."""

    def __init__(self, conn: Connection, account_id: str, now: datetime) -> None:
        self._conn = conn
        self._account_id = account_id
        self._now = now
        self._children: dict[str, ChildOrder] = {}
        self._parents: dict[str, ParentOrder] = {}
        self._entries: list[Entry] = []
        self._changed: set[str] = set()
        self._woken: set[str] = set()
        self._fills = 0

    def execution(self, execution: Execution) -> None:
        if self._is_known(execution):
            return
        child = self._child(execution.client_id, execution.broker_order_id)
        refusal = self._refusal(execution, child)
        if refusal is not None:
            self._refuse(execution, refusal)
            return
        parent = self._parent(child.parent_id) if child is not None else None
        booked = book_fill(self._conn, self._account_id, parent, execution, self._now)
        self._conn.execute(
            insert(fills).values(
                account_id=self._account_id,
                execution_id=execution.execution_id,
                client_id=child.client_id if child else execution.client_id,
                parent_id=parent.id if parent else None,
                algorithm_id=parent.algorithm_id if parent else None,
                instrument_id=execution.instrument_id,
                side=execution.side.value,
                quantity=execution.quantity,
                price=execution.price,
                currency=execution.currency,
                multiplier=execution.multiplier,
                fee=execution.fee,
                fee_currency=execution.fee_currency,
                realised=booked.realised,
                at=execution.at,
                stored_at=self._now,
            )
        )
        self._fills += 1
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
            self._fill_parent(parent, execution.quantity, booked.episode)

    def order(self, report: OrderState) -> None:
        child = self._child(report.client_id, report.broker_order_id)
        if child is not None:
            self._keep(child, merging.with_report(child, report, self._now))

    def close(self) -> Stored:
        for client_id in self._changed:
            self._conn.execute(
                update(child_orders)
                .where(child_orders.c.client_id == client_id)
                .values(**columns(self._children[client_id], ("client_id",)))
            )
        for parent_id in self._woken:
            parent = self._parents[parent_id]
            due = parent.state.is_live and (parent.state is not ParentState.PAUSED or parent.cancel_requested)
            self._conn.execute(
                update(parent_orders)
                .where(parent_orders.c.id == parent_id)
                .values(
                    filled=parent.filled,
                    episode=parent.episode,
                    state=parent.state.value,
                    wake_at=self._now if due else parent.wake_at,
                    version=parent_orders.c.version + 1,
                )
            )
        append(self._conn, self._entries)
        if self._entries:
            crashpoint("report.storing")
        if self._woken or self._fills:
            versions.bump(self._conn, self._account_id)
        awaiting = [one for one in self._changed if merging.awaits_executions(self._children[one])]
        return Stored(due=bool(self._woken), fills=self._fills, awaiting=tuple(awaiting))

    def _keep(self, before: ChildOrder, after: ChildOrder) -> None:
        if after == before:
            return
        self._children[after.client_id] = after
        self._changed.add(after.client_id)
        parent = self._parent(after.parent_id)
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

    def _fill_parent(self, parent: ParentOrder, quantity: Decimal, episode: int | None) -> None:
        """Count the fill; a late one also corrects how an ended parent ended."""
        filled = self._parents[parent.id].filled + quantity
        state = parent.state
        if not state.is_live:
            full = parent.quantity is not None and filled >= parent.quantity
            state = ParentState.FILLED if full else ParentState.PARTLY_FILLED
        self._parents[parent.id] = msgspec.structs.replace(
            self._parents[parent.id], filled=filled, state=state, episode=episode
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

    def _is_known(self, execution: Execution) -> bool:
        return any(
            self._conn.execute(
                select(table.c.execution_id).where(
                    table.c.account_id == self._account_id,
                    table.c.execution_id == execution.execution_id,
                )
            ).first()
            is not None
            for table in (fills, refused_executions)
        )

    def _refusal(self, execution: Execution, child: ChildOrder | None) -> str | None:
        """Why an execution is not booked; nothing is guessed about it, a person is told."""
        if not _is_usable(execution):
            return "its quantity, price or fee is unusable"
        if child is None or execution.execution_id.startswith(BY_HAND):
            return None
        by_hand = select(fills.c.seq).where(
            fills.c.account_id == self._account_id, fills.c.execution_id == BY_HAND + child.client_id
        )
        if self._conn.execute(by_hand).first() is None:
            return None
        return "its order was settled by hand before, and to book it would count it twice"

    def _refuse(self, execution: Execution, why: str) -> None:
        self._conn.execute(
            insert(refused_executions).values(
                account_id=self._account_id,
                execution_id=execution.execution_id,
                reason=why,
                at=self._now,
            )
        )
        self._note(
            EntryKind.ALERT_RAISED,
            None,
            execution.client_id,
            f"The broker reported an execution that is not booked: {why}. Compare the account's positions.",
            execution=execution.execution_id,
            instrument=execution.instrument_id,
        )

    def _child(self, client_id: str | None, broker_order_id: str | None) -> ChildOrder | None:
        if client_id is not None and client_id in self._children:
            return self._children[client_id]
        for known in self._children.values():
            if broker_order_id and known.broker_order_id == broker_order_id:
                return known
        mine = child_orders.c.account_id == self._account_id
        for named in (
            child_orders.c.client_id == client_id if client_id else None,
            child_orders.c.broker_order_id == broker_order_id if broker_order_id else None,
        ):
            if named is None:
                continue
            row = self._conn.execute(select(child_orders).where(mine, named)).first()
            if row is not None:
                return self._children.setdefault(row.client_id, child_of(row))
        return None

    def _parent(self, parent_id: str) -> ParentOrder:
        if parent_id not in self._parents:
            row = self._conn.execute(select(parent_orders).where(parent_orders.c.id == parent_id)).one()
            self._parents[parent_id] = parent_of(row)
        return self._parents[parent_id]

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
