"""The two books that the client's own record is compared with: the exported ledger, and the venue's."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.export import Line
from tradewire.ledger.verify_export import verify_export


class Origin(Struct):
    """What the ledger says that an order was made for."""

    signal_id: str
    algorithm_id: str


class Execution(Struct):
    """One fill, told apart by the order's client id and the venue's execution id."""

    client_id: str
    execution_id: str
    quantity: Decimal
    price: Decimal


class Ledger(Struct):
    """`accepted` are signal ids, `orders` by client id."""

    entries: int
    accepted: frozenset[str]
    orders: Mapping[str, Origin]
    fills: frozenset[Execution]


class VenueOrder(Struct):
    account: str
    client_id: str
    symbol: str
    side: str
    quantity: Decimal


class VenueBook(Struct):
    accounts: frozenset[str]
    orders: tuple[VenueOrder, ...]
    fills: tuple[Execution, ...]


class _Body(msgspec.Struct):
    kind: str
    signal_id: str | None = None
    client_id: str | None = None
    algorithm_id: str | None = None
    data: dict[str, Any] = {}


class _Request(msgspec.Struct):
    client_id: str
    instrument: "_Instrument"
    side: str
    quantity: Decimal


class _Instrument(msgspec.Struct):
    id: str


class _Order(msgspec.Struct):
    request: _Request


class _Trade(msgspec.Struct):
    execution: Execution


class _Account(msgspec.Struct):
    account: str
    orders: list[_Order]
    executions: list[_Trade]


class _Books(msgspec.Struct):
    accounts: list[_Account]


def read_ledger(export: str) -> Ledger:
    """The facts in a JSONL export, verified first; raises `Unhonoured` where it does not verify."""
    lines = export.splitlines(keepends=True)
    verified = verify_export(lines)
    if not verified.ok:
        raise Unhonoured(f"The exported ledger does not verify: {verified.problems[0].sentence}")
    accepted: set[str] = set()
    orders: dict[str, Origin] = {}
    fills: set[Execution] = set()
    for line in lines:
        body = msgspec.json.decode(msgspec.json.decode(line, type=Line).body, type=_Body)
        if body.kind == EntryKind.SIGNAL_ACCEPTED and body.signal_id is not None:
            accepted.add(body.signal_id)
        elif body.kind == EntryKind.CHILD_CREATED and body.client_id is not None:
            orders[body.client_id] = Origin(
                signal_id=body.signal_id or "", algorithm_id=body.algorithm_id or ""
            )
        elif body.kind == EntryKind.FILL_STORED:
            fills.add(
                Execution(
                    client_id=body.client_id or "",
                    execution_id=body.data["execution"],
                    quantity=Decimal(body.data["quantity"]),
                    price=Decimal(body.data["price"]),
                )
            )
    return Ledger(
        entries=verified.entries, accepted=frozenset(accepted), orders=orders, fills=frozenset(fills)
    )


def read_venue(answer: bytes) -> VenueBook:
    """What the venue answers to `GET /book`."""
    books = msgspec.json.decode(answer, type=_Books)
    return VenueBook(
        accounts=frozenset(account.account for account in books.accounts),
        orders=tuple(
            VenueOrder(
                account=account.account,
                client_id=order.request.client_id,
                symbol=order.request.instrument.id,
                side=order.request.side,
                quantity=order.request.quantity,
            )
            for account in books.accounts
            for order in account.orders
        ),
        fills=tuple(trade.execution for account in books.accounts for trade in account.executions),
    )
