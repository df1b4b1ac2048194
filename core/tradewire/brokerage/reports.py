"""Storing what a broker tells, in one transaction: executions once each, states, positions, profit."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, update

from tradewire.brokerage import merging
from tradewire.brokerage.books import Booked, Books
from tradewire.brokerage.odd_reports import OddReports, Told
from tradewire.brokerage.report_rows import BY_HAND as BY_HAND
from tradewire.brokerage.report_rows import ReportRows
from tradewire.brokerage.spoken import spoken
from tradewire.brokerage.unusable import believable, flaw, name_of, named
from tradewire.contract.broker import Execution, OrderState, OrderUpdate
from tradewire.crashpoints import crashpoint
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder, ParentState
from tradewire.domain.quantity import canonical
from tradewire.ledger.append import append
from tradewire.state import versions
from tradewire.state.rows import columns
from tradewire.store.schema import child_orders, fills, parent_orders

_KINDS = {
    ChildState.ACKNOWLEDGED: EntryKind.CHILD_ACKNOWLEDGED,
    ChildState.REJECTED: EntryKind.CHILD_REJECTED,
}

#: Reports are stored in pieces of so many; a statement takes only so many names at once.
PIECE = 2_000

#: A client id of somebody else's order is kept beside its fill where it is no longer than ours.
CLIENT_ID = 32

_FILL = insert(fills)
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


class StoredReports(Struct):
    """What a batch of reports changed: whether the account is due, and which children lack executions.

    `settled` are the other children that changed.
    """

    due: bool = False
    fills: int = 0
    awaiting: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()

    def and_then(self, later: "StoredReports") -> "StoredReports":
        """What an earlier piece awaited, a later one may have brought."""
        left = [one for one in self.awaiting if one not in later.settled and one not in later.awaiting]
        return StoredReports(
            due=self.due or later.due,
            fills=self.fills + later.fills,
            awaiting=(*left, *later.awaiting),
            settled=self.settled | later.settled,
        )


def store_reports(
    conn: Connection, account_id: str, reports: Sequence[Execution | OrderUpdate], now: datetime
) -> StoredReports:
    """Apply reports in the order given; what is known already changes nothing, and what cannot be used keeps
    nothing else out."""
    versions.lock(conn, account_id)
    stored = StoredReports()
    for start in range(0, len(reports), PIECE):
        told = [one if isinstance(one, Execution) else one.order for one in reports[start : start + PIECE]]
        flaws = [flaw(one) for one in told]
        book = _Book(conn, account_id, told, flaws, now)
        for report, why in zip(told, flaws, strict=True):
            if why is not None:
                book.keep_out(report, why)
            elif isinstance(report, Execution):
                book.execution(report)
            else:
                book.order(report)
        stored = stored.and_then(book.close())
    return stored


class _Book:
    """One batch under way, with the children and parents it has touched."""

    def __init__(
        self,
        conn: Connection,
        account_id: str,
        told: Sequence[Execution | OrderState],
        flaws: Sequence[str | None],
        now: datetime,
    ) -> None:
        """`flaws` says of each of `told` why it cannot be used."""
        self._conn = conn
        self._account_id = account_id
        self._now = now
        usable = [one for one, why in zip(told, flaws, strict=True) if why is None]
        unusable = [
            name_of(one)
            for one, why in zip(told, flaws, strict=True)
            if why is not None and isinstance(one, Execution)
        ]
        self._rows = ReportRows(conn, account_id, usable, unusable)
        self._books = Books(conn, account_id, [one for one in usable if isinstance(one, Execution)])
        self._odd = OddReports(conn, account_id, now, self._note)
        self._fills: list[dict[str, Any]] = []
        self._entries: list[Entry] = []
        self._changed: set[str] = set()
        self._woken: set[str] = set()

    def keep_out(self, report: Execution | OrderState, why: str) -> None:
        name = name_of(report)
        if isinstance(report, OrderState):
            self._odd.ignore(name, why)
        elif self._rows.is_new(name):
            self._odd.keep_out(name, why, instrument=named(report.instrument_id))

    def execution(self, execution: Execution) -> None:
        name, told = execution.execution_id, Told.of(execution)
        child = self._rows.child(execution.client_id, execution.broker_order_id)
        parent = self._rows.parents[child.parent_id] if child is not None else None
        if not self._rows.is_new(name, told):
            before = self._rows.told_before(name)
            if before not in (None, told) and not name.startswith(BY_HAND):
                self._rows.settle(name)
                self._odd.otherwise(name, before, told, parent, child.client_id if child else None)
            return
        refusal = self._refusal(execution, child)
        if refusal is not None:
            self._rows.settle(name)
            self._odd.keep_out(name, refusal, execution.client_id, execution.instrument_id)
            return
        self._book(execution, child, parent)

    def _book(self, execution: Execution, child: ChildOrder | None, parent: ParentOrder | None) -> None:
        client_id = child.client_id if child else execution.client_id
        at = execution.at
        if not believable(at, self._now):
            self._odd.dated(execution, parent, client_id)
            at = self._now
        known = self._books.denomination(parent, execution.instrument_id)
        if known is not None and (known.currency, known.multiplier) != (
            execution.currency,
            execution.multiplier,
        ):
            self._odd.denominated(execution, known, parent, client_id)
        booked = self._books.fill(parent, execution)
        self._note_fill(execution, parent, client_id, booked, at)
        if child is not None and parent is not None:
            self._keep(child, merging.with_execution(child, execution.quantity, self._now))
            if not parent.state.is_live:
                self._odd.late(execution, parent, booked.held)
            if child.filled + execution.quantity > child.quantity:
                self._odd.more(execution, parent, child)
            self._fill_parent(parent, execution.quantity, booked.episode)

    def _note_fill(
        self,
        execution: Execution,
        parent: ParentOrder | None,
        client_id: str | None,
        booked: Booked,
        at: datetime,
    ) -> None:
        """The fill's row, and its entry in the ledger."""
        self._fills.append(
            {
                "account_id": self._account_id,
                "execution_id": execution.execution_id,
                "client_id": client_id if len(client_id or "") <= CLIENT_ID else None,
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
                "at": at,
                "stored_at": self._now,
            }
        )
        self._note(
            EntryKind.FILL_STORED,
            parent,
            client_id,
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
            executed_at=at,
        )

    def order(self, report: OrderState) -> None:
        child = self._rows.child(report.client_id, report.broker_order_id)
        if report.message is not None:
            report = msgspec.structs.replace(report, message=spoken(report.message))
        if child is not None:
            self._keep(child, merging.with_report(child, report, self._now))

    def close(self) -> StoredReports:
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
        return StoredReports(
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
        if child is None or execution.execution_id.startswith(BY_HAND):
            return None
        if (execution.side, execution.instrument_id) != (child.side, child.instrument_id):
            return "its side or instrument is not that of its order"
        if not self._rows.was_settled_by_hand(child.client_id):
            return None
        return "its order was settled by hand before, and to book it would count it twice"

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
