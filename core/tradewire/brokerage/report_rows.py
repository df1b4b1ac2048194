"""The stored rows that a batch of reports concerns: read in a few statements for all of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, null, select, union_all

from tradewire.brokerage.odd_reports import Told
from tradewire.contract.broker import Execution, OrderState
from tradewire.domain.order import ChildOrder, ParentOrder
from tradewire.state.rows import child_of, parent_of
from tradewire.store.schema import child_orders, fills, parent_orders, refused_executions

#: How the execution is called that stands for a person's word; the broker's own may still come.
BY_HAND = "by-hand-"

# Built once: putting a statement together costs as much as running it, and these run with every report.
_NAMES: BindParameter[list[str]] = bindparam("names", expanding=True)
_ACCOUNT: BindParameter[str] = bindparam("account")
_TOLD = ("side", "instrument_id", "quantity", "price", "currency")
_BOOKED = select(fills.c.execution_id, *(fills.c[name] for name in _TOLD))
_KEPT_OUT = select(refused_executions.c.execution_id, *(null() for _ in _TOLD))
_NAMED = union_all(
    _BOOKED.where(fills.c.account_id == _ACCOUNT, fills.c.execution_id.in_(_NAMES)),
    _KEPT_OUT.where(
        refused_executions.c.account_id == _ACCOUNT, refused_executions.c.execution_id.in_(_NAMES)
    ),
)
_CHILDREN = {
    name: select(child_orders).where(child_orders.c.account_id == _ACCOUNT, child_orders.c[name].in_(_NAMES))
    for name in ("client_id", "broker_order_id")
}
_PARENTS = select(parent_orders).where(parent_orders.c.id.in_(_NAMES))


class ReportRows:
    """Children and parents as they are by now, and which executions are known.

    `children` are by client id, `parents` by id; whoever changes one puts it back.
    """

    def __init__(
        self,
        conn: Connection,
        account_id: str,
        told: Sequence[Execution | OrderState],
        unusable: Sequence[str] = (),
    ) -> None:
        """`unusable` are the names of executions that are told as well."""
        self._conn = conn
        self._account_id = account_id
        self.children = self._read_children("client_id", {one.client_id for one in told if one.client_id})
        # Asked for only where it must be: most are found by their own id.
        nameless = {
            one.broker_order_id
            for one in told
            if one.broker_order_id and (one.client_id or "") not in self.children
        }
        self.children |= self._read_children("broker_order_id", nameless)
        self._by_broker_id = {
            one.broker_order_id: one.client_id for one in self.children.values() if one.broker_order_id
        }
        self.parents = self._read_parents({one.parent_id for one in self.children.values()})
        named = [one.execution_id for one in told if isinstance(one, Execution)]
        self._known = self._read_known([*named, *unusable])

    def child(self, client_id: str | None, broker_order_id: str | None) -> ChildOrder | None:
        """The child by its own id, else by the broker's."""
        if client_id is not None and client_id in self.children:
            return self.children[client_id]
        return self.children.get(self._by_broker_id.get(broker_order_id or "", ""))

    def put(self, child: ChildOrder) -> None:
        self.children[child.client_id] = child
        if child.broker_order_id is not None:
            self._by_broker_id[child.broker_order_id] = child.client_id

    def is_new(self, name: str, told: Told | None = None) -> bool:
        """Whether an execution is neither stored nor refused; from now on it counts as known, as `told`."""
        if name in self._known:
            return False
        self._known[name] = told
        return True

    def told_before(self, name: str) -> Told | None:
        """What a known execution is booked as; None where it is not, and where `settle` was called."""
        return self._known[name]

    def settle(self, name: str) -> None:
        """What is told of an execution makes no difference from now on."""
        self._known[name] = None

    def was_settled_by_hand(self, client_id: str) -> bool:
        return BY_HAND + client_id in self._known

    def _read_children(self, by: str, names: set[str]) -> dict[str, ChildOrder]:
        if not names:
            return {}
        rows = self._conn.execute(_CHILDREN[by], self._asking(names))
        return {row.client_id: child_of(row) for row in rows}

    def _read_parents(self, ids: set[str]) -> dict[str, ParentOrder]:
        if not ids:
            return {}
        return {row.id: parent_of(row) for row in self._conn.execute(_PARENTS, {"names": list(ids)})}

    def _read_known(self, execution_ids: Sequence[str]) -> dict[str, Told | None]:
        if not execution_ids:
            return {}
        names = {*execution_ids, *(BY_HAND + client_id for client_id in self.children)}
        known: dict[str, Told | None] = {}
        for name, *values in self._conn.execute(_NAMED, self._asking(names)):
            is_kept_out = values[0] is None or (name in known and known[name] is None)
            known[name] = None if is_kept_out else Told(**dict(zip(_TOLD, values, strict=True)))
        return known

    def _asking(self, names: set[str]) -> dict[str, Any]:
        return {"account": self._account_id, "names": list(names)}
