"""Telling a person of what is odd in a broker's reports: in the ledger, and what may come again only once."""

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import Connection, insert, select

from tradewire.brokerage.books import Denomination
from tradewire.contract.broker import Execution
from tradewire.domain.base import Struct
from tradewire.domain.ledger import EntryKind, Value
from tradewire.domain.order import ChildOrder, ParentOrder
from tradewire.domain.quantity import canonical
from tradewire.store.schema import refused_executions

_REFUSED = insert(refused_executions)


class Told(Struct):
    """What an execution says, as it is compared with what it said before."""

    side: str
    instrument_id: str
    quantity: Decimal
    price: Decimal
    currency: str

    @classmethod
    def of(cls, execution: Execution) -> "Told":
        return cls(
            side=execution.side.value,
            instrument_id=execution.instrument_id,
            quantity=execution.quantity,
            price=execution.price,
            currency=execution.currency,
        )

    def __str__(self) -> str:
        quantity, price = canonical(self.quantity), canonical(self.price)
        return f"{self.side} {quantity} {self.instrument_id} at {price} {self.currency}"


class Note(Protocol):
    """Adds an entry to the batch's."""

    def __call__(
        self,
        kind: EntryKind,
        parent: ParentOrder | None,
        client_id: str | None,
        reason: str | None,
        **data: Value,
    ) -> None: ...


class OddReports:
    """The alerts of one batch; they stand among its other entries, in their order."""

    def __init__(self, conn: Connection, account_id: str, now: datetime, note: Note) -> None:
        self._conn = conn
        self._account_id = account_id
        self._now = now
        self._note = note

    def keep_out(self, name: str, why: str, client_id: str | None = None, instrument: str = "") -> None:
        """An execution that is not booked, once: it counts as known from now on."""
        self._remember(name, why)
        text = f"The broker reported an execution that is not booked: {why}. Compare the account's positions."
        self._alert(text, None, client_id, execution=name, instrument=instrument)

    def ignore(self, name: str, why: str) -> None:
        """What an order is said to have become; once for each order."""
        if self._is_new(name, why):
            text = f"What the broker reported of the {name} cannot be used: {why}. Look at it there."
            self._alert(text, None, None)

    def otherwise(
        self, name: str, before: Told, now: Told, parent: ParentOrder | None, client_id: str | None
    ) -> None:
        """One that is booked, and is told otherwise now; once."""
        told = f"The broker tells an execution otherwise than before: {now}; it is booked as {before}"
        self._remember(name, told)
        text = f"{told}. That stays as it is; compare the account's executions and positions."
        self._alert(text, parent, client_id, execution=name)

    def denominated(
        self, execution: Execution, known: Denomination, parent: ParentOrder | None, client_id: str | None
    ) -> None:
        """One in another currency or with another multiplier; once for all that say the same."""
        said = Denomination(currency=execution.currency, multiplier=execution.multiplier)
        told = f"The broker executed {execution.instrument_id} in {said}, and it is known in {known}"
        if self._is_new(f"{execution.instrument_id} in {said}", told):
            text = f"{told}. The quantity is booked; compare its cost and profit with the broker's."
            self._alert(text, parent, client_id, execution=execution.execution_id)

    def dated(self, execution: Execution, parent: ParentOrder | None, client_id: str | None) -> None:
        """One that cannot have happened when it is said to have."""
        text = (
            f"The broker says that an execution happened on {execution.at.date()}, which cannot be; it is "
            "booked as of now. Compare this machine's clock with the broker's."
        )
        self._alert(text, parent, client_id, execution=execution.execution_id)

    def late(self, execution: Execution, parent: ParentOrder, held: Decimal) -> None:
        """What followed its end, such as the opening after a close, did not know of this fill."""
        text = (
            f"An execution of {canonical(execution.quantity)} {parent.symbol} came after its order had ended "
            f"({parent.state.value.replace('_', ' ')}). It is booked: the algorithm now holds "
            f"{canonical(held)}. What came after that order was sized without it; check the position."
        )
        name = execution.execution_id
        self._alert(text, parent, execution.client_id, execution=name, position=canonical(held))

    def more(self, execution: Execution, parent: ParentOrder, child: ChildOrder) -> None:
        """More than was ordered."""
        filled = canonical(child.filled + execution.quantity)
        text = (
            f"The broker has executed more than was ordered: {filled} of {canonical(child.quantity)} "
            f"{parent.symbol}. It is booked; compare the account's positions."
        )
        self._alert(text, parent, child.client_id, execution=execution.execution_id)

    def _alert(self, text: str, parent: ParentOrder | None, client_id: str | None, **data: Value) -> None:
        self._note(EntryKind.ALERT_RAISED, parent, client_id, text, **data)

    def _is_new(self, name: str, why: str) -> bool:
        """Whether nobody was told yet; asked only of what is odd, so that reports are as quick as before."""
        known = select(refused_executions.c.at).where(
            refused_executions.c.account_id == self._account_id, refused_executions.c.execution_id == name
        )
        if self._conn.execute(known).first() is not None:
            return False
        self._remember(name, why)
        return True

    def _remember(self, name: str, why: str) -> None:
        refused = {"account_id": self._account_id, "execution_id": name, "reason": why, "at": self._now}
        self._conn.execute(_REFUSED, refused)
