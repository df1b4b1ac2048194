"""What the last look before orders go out sees: read in a few statements, however many orders there are."""

from collections.abc import Mapping, Sequence

from sqlalchemy import BindParameter, Connection, bindparam, select

from tradewire.contract.broker import OrderRequest
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder
from tradewire.domain.switch import Switch
from tradewire.state.rows import child_of, parent_of
from tradewire.state.switches import read_switches
from tradewire.store.schema import algorithms, child_orders, instruments, parent_orders

# Built once: putting a statement together costs as much as running it, and these run with every order.
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_CHILDREN = select(child_orders).where(child_orders.c.client_id.in_(_IDS))
_PARENTS = select(parent_orders).where(parent_orders.c.id.in_(_IDS))
_ALGORITHMS = select(algorithms.c.id, algorithms.c.state).where(algorithms.c.id.in_(_IDS))
_INSTRUMENTS = select(instruments.c.instrument_id, instruments.c.document).where(
    instruments.c.account_id == bindparam("account"), instruments.c.instrument_id.in_(_IDS)
)

_IN_FRONT = (
    select(child_orders.c.client_id, child_orders.c.instrument_id, child_orders.c.state)
    .where(
        child_orders.c.account_id == bindparam("account"),
        child_orders.c.ended_at.is_(None),
        child_orders.c.instrument_id.in_(_IDS),
        child_orders.c.state.in_((ChildState.NEW.value, ChildState.UNKNOWN.value)),
    )
    .order_by(child_orders.c.seq)
)

#: Whatever a child and a request both have is asked for as the child has it.
_ASKED = tuple(name for name in OrderRequest.__struct_fields__ if name in ChildOrder.__struct_fields__)


class LastLook:
    """Children of one account by id, with their parents, the states of their algorithms, and the switches.

    `account_id` is None where none of `client_ids` waits to be sent; then there is nothing else.
    """

    def __init__(self, conn: Connection, client_ids: Sequence[str]) -> None:
        rows = conn.execute(_CHILDREN, {"ids": list(client_ids)}).all()
        self._waiting = {row.client_id: child_of(row) for row in rows if row.state == ChildState.NEW.value}
        self._lanes: dict[str, list[tuple[str, str]]] = {}
        self._done: set[str] = set()
        self.account_id: str | None = None
        self.parents: Mapping[str, ParentOrder] = {}
        self.algorithms: Mapping[str, str] = {}
        self.switches: tuple[Switch, ...] = ()
        self._instruments: Mapping[str, Instrument] = {}
        children = list(self._waiting.values())
        if children:
            self._read(conn, children[0].account_id, children)

    def waiting(self, client_id: str) -> ChildOrder | None:
        """The child, if it is NEW."""
        return self._waiting.get(client_id)

    def is_behind_unknown(self, child: ChildOrder) -> bool:
        """Whether the fate of an order that was placed before it in its lane is unknown."""
        return bool(self._before(child, ChildState.UNKNOWN))

    def waiting_before(self, child: ChildOrder) -> tuple[str, ...]:
        """The ids of those that were placed before it in its lane and are still to be sent, in order."""
        return self._before(child, ChildState.NEW)

    def settled(self, child: ChildOrder) -> None:
        """It goes out now or never: it is no longer in front of others."""
        self._done.add(child.client_id)

    def request(self, child: ChildOrder) -> OrderRequest:
        """What the broker is to be asked."""
        return OrderRequest(
            instrument=self._instruments[child.instrument_id],
            test=self.parents[child.parent_id].test,
            **{name: getattr(child, name) for name in _ASKED},
        )

    def _before(self, child: ChildOrder, state: ChildState) -> tuple[str, ...]:
        found = []
        for client_id, its_state in self._lanes.get(child.instrument_id, ()):
            if client_id == child.client_id:
                break
            if its_state == state.value and client_id not in self._done:
                found.append(client_id)
        return tuple(found)

    def _read(self, conn: Connection, account_id: str, children: Sequence[ChildOrder]) -> None:
        if any(child.account_id != account_id for child in children):
            raise ValueError("orders of several accounts are never released together")
        self.account_id = account_id
        parents = conn.execute(_PARENTS, {"ids": list({child.parent_id for child in children})})
        self.parents = {row.id: parent_of(row) for row in parents}
        owners = list({parent.algorithm_id for parent in self.parents.values()})
        self.algorithms = {row.id: row.state for row in conn.execute(_ALGORITHMS, {"ids": owners})}
        self.switches = read_switches(conn, account_id)
        wanted = list({child.instrument_id for child in children})
        for row in conn.execute(_IN_FRONT, {"account": account_id, "ids": wanted}):
            self._lanes.setdefault(row.instrument_id, []).append((row.client_id, row.state))
        found = conn.execute(_INSTRUMENTS, {"account": account_id, "ids": wanted})
        self._instruments = {row.instrument_id: row.document for row in found}
