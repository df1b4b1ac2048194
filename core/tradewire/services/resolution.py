"""A person decides what became of an order that the broker cannot tell about."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, select

from tradewire.brokerage import decisions
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.order import ChildState
from tradewire.domain.quantity import is_usable
from tradewire.ledger.append import append
from tradewire.services.orders import ChildView, child_view
from tradewire.services.refusal import Code, Refused
from tradewire.state import versions
from tradewire.store.database import Store
from tradewire.store.schema import child_orders, parent_orders


class DecidedAbsent(Struct, tag="absent"):
    """It never reached the broker: it may be sent again, with the same client id."""


class DecidedFilled(Struct, tag="filled"):
    """It was executed there: `quantity` in units, `price` per unit in the instrument's currency."""

    quantity: Decimal
    price: Decimal


Decision = DecidedAbsent | DecidedFilled

#: The engine's part: has what was stored for this account and child applied, soon or by its next owner.
Resolver = Callable[[str, str], Awaitable[None]]


class Resolution:
    def __init__(self, store: Store, clock: Clock, resolver: Resolver | None) -> None:
        """`resolver` is None where no engine runs; nothing can be resolved then."""
        self._store = store
        self._clock = clock
        self._resolver = resolver

    async def resolve(self, reference: str, decision: Decision, by: str) -> ChildView:
        """Store the decision, in the ledger too, and have the engine apply it.

        `reference` is the beginning of the child's client id, or of its parent's id. Refuses for an order
        that is not UNKNOWN; the answer's state is still that where nobody serves the account now.
        """
        resolver = self._resolver
        if resolver is None:
            raise Refused(
                Code.UNAVAILABLE,
                "An order is resolved by the running Tradewire; start it with `tradewire up`.",
            )
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[str, str]:
            versions.lock(conn, _unknown(conn, reference).account_id)
            # Again: until it was locked, the broker's word may have come.
            child = _unknown(conn, reference)
            _check(decision, child)
            data: dict[str, Value] = {"decision": "absent"}
            filled: tuple[Decimal, Decimal] | None = None
            if isinstance(decision, DecidedFilled):
                data = {"decision": "filled", "quantity": decision.quantity, "price": decision.price}
                filled = (decision.quantity, decision.price)
            kept = decisions.OrderDecision(client_id=child.client_id, filled=filled)
            decisions.put(conn, child.account_id, kept, now)
            append(
                conn,
                [
                    Entry(
                        at=now,
                        kind=EntryKind.CHILD_RESOLVED,
                        signal_id=child.signal_id,
                        parent_id=child.parent_id,
                        client_id=child.client_id,
                        account_id=child.account_id,
                        algorithm_id=child.algorithm_id,
                        by=by,
                        reason=_sentence(decision),
                        data=data,
                    )
                ],
            )
            return child.account_id, child.client_id

        account_id, client_id = await self._store.write(unit)
        await resolver(account_id, client_id)
        return await self._store.read(lambda conn: _child(conn, client_id))


def _unknown(conn: Connection, reference: str) -> Row[Any]:
    wanted = reference.strip().lower()
    if not wanted or not all(letter in "0123456789abcdef" for letter in wanted):
        raise Refused(
            Code.INVALID,
            f'"{reference}" is not the beginning of an order\'s id; `tradewire orders` lists them.',
        )
    joined = select(child_orders, parent_orders.c.signal_id, parent_orders.c.algorithm_id).join(
        parent_orders, child_orders.c.parent_id == parent_orders.c.id
    )
    either = child_orders.c.client_id.startswith(wanted) | child_orders.c.parent_id.startswith(wanted)
    rows = conn.execute(joined.where(either)).all()
    if not rows:
        raise Refused(Code.NOT_FOUND, f"No order's id begins with {wanted}; `tradewire orders` lists them.")
    unknown = [row for row in rows if row.state == ChildState.UNKNOWN.value]
    if not unknown:
        raise Refused(
            Code.CONFLICT,
            f"The order is {rows[0].state}, not unknown: the broker's word holds; see `tradewire orders`.",
        )
    if len(unknown) > 1:
        some = ", ".join(row.client_id for row in unknown[:5])
        raise Refused(
            Code.CONFLICT, f"Several unknown orders' ids begin with {wanted}; write more of it: {some}."
        )
    return unknown[0]


def _check(decision: Decision, child: Row[Any]) -> None:
    if isinstance(decision, DecidedAbsent):
        if child.filled > 0:
            raise Refused(
                Code.CONFLICT, f"{child.filled} of this order is filled already, so it cannot be absent."
            )
        return
    if not is_usable(decision.quantity) or not child.filled < decision.quantity <= child.quantity:
        raise Refused(
            Code.INVALID,
            f"The filled quantity is in all more than {child.filled} and at most {child.quantity}.",
        )
    if not is_usable(decision.price) or decision.price <= 0:
        raise Refused(Code.INVALID, "The price is a number above 0.")


def _sentence(decision: Decision) -> str:
    if isinstance(decision, DecidedAbsent):
        return "Decided by hand: the order never reached the broker."
    return f"Decided by hand: {decision.quantity} filled at {decision.price}."


def _child(conn: Connection, client_id: str) -> ChildView:
    return child_view(conn.execute(select(child_orders).where(child_orders.c.client_id == client_id)).one())
