"""A Tradewire whose account trades at a venue process, and whether both tell the same afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

import plain_http
from integration.relay import PATIENCE_S, Relay, running
from plugins.brokers.paper.process import VenueProcess
from sending import signal_of
from tradewire import Broker
from tradewire.domain.clock import Clock
from tradewire.store.schema import child_orders, fills, positions
from tradewire_paper.faults import Fault, FaultKind
from tradewire_paper.wire import AccountBook, Books, Script

ACCOUNT = "venue"
#: Short waits, so that what is lost is missed soon.
QUICK = {
    "TRADEWIRE_ENGINE__SUBMIT_TIMEOUT_S": "1",
    "TRADEWIRE_ENGINE__LOOKUP_BASE_S": "0.05",
    "TRADEWIRE_ENGINE__LOOKUP_MAX_S": "0.5",
    "TRADEWIRE_ENGINE__SWEEP_S": "0.2",
}


@contextmanager
def trading_at(
    venue: VenueProcess, folder: Path, clock: Clock | None = None, broker: Broker | None = None
) -> Iterator[Relay]:
    """A fresh Tradewire with a key, the account "venue" there, and the algorithm "s" on it.

    `broker` takes the place of the paper broker.
    """
    with running(folder, clock, **QUICK) as relay:
        if broker is not None:
            relay.core.plugins.brokers["paper"] = broker
        relay.key = relay.do(relay.core.services.keys.create("main", "tradingview", "test")).secret
        relay.add_account(ACCOUNT, url=venue.url, timeout_s="1")
        relay.add_algorithm("s", account=ACCOUNT)
        yield relay


@contextmanager
def again(folder: Path, before: Relay, clock: Clock | None = None) -> Iterator[Relay]:
    """The next life of a Tradewire that was stopped."""
    with running(folder, clock, **QUICK) as relay:
        relay.key = before.key
        yield relay


def script(venue: VenueProcess, kind: FaultKind, **fields: Any) -> None:
    body = msgspec.json.encode(Script(faults=(Fault(kind=kind, **fields),)))
    plain_http.post(f"{venue.url}/faults", content=body).raise_for_status()


def book_of(venue: VenueProcess) -> AccountBook:
    """What the venue has of the account; its orders are told apart by nothing but their place."""
    books = msgspec.json.decode(plain_http.get(f"{venue.url}/book", timeout=30).content, type=Books)
    return next(one for one in books.accounts if one.account == ACCOUNT)


def executed(venue: VenueProcess) -> dict[str, Decimal]:
    """The signed quantity that the venue executed, by instrument."""
    sums: dict[str, Decimal] = {}
    for trade in book_of(venue).executions:
        one = trade.execution
        sums[one.instrument_id] = sums.get(one.instrument_id, Decimal(0)) + one.side.sign * one.quantity
    return sums


def differences(relay: Relay, venue: VenueProcess) -> list[str]:
    """Every point in which the store and the venue's book differ."""
    book = book_of(venue)
    found = []
    taken = [row for row in relay.rows(child_orders) if row.acknowledged_at is not None or row.filled > 0]
    sent = {row.client_id: row for row in taken}
    there = {order.client_id: order for order in book.orders}
    if len(there) != len(book.orders):
        found.append("the venue has two orders of one client id")
    for client_id in {*sent, *there}:
        ours, theirs = sent.get(client_id), there.get(client_id)
        stored = (ours.state, ours.filled) if ours is not None else None
        true = (theirs.state.value, theirs.filled) if theirs is not None else None
        if stored != true:
            found.append(f"order {client_id}: {stored} is stored, {true} is true")
    fields = ("execution_id", "client_id", "instrument_id", "quantity", "price", "fee")
    ours = sorted(tuple(getattr(row, name) for name in fields) for row in relay.rows(fills))
    theirs = sorted(tuple(getattr(one.execution, name) for name in fields) for one in book.executions)
    if ours != theirs:
        found.append(f"fills: {ours} are stored, {theirs} are true")
    held: dict[str, Decimal] = {}
    for row in relay.rows(positions):
        held[row.instrument_id] = held.get(row.instrument_id, Decimal(0)) + row.quantity
    holdings = {one.instrument.id: one.quantity for one in book.positions}
    for symbol in {*held, *holdings}:
        if held.get(symbol, 0) != holdings.get(symbol, 0):
            found.append(f"position {symbol}: {held.get(symbol)} is stored, {holdings.get(symbol)} is true")
    return found


def agreed(relay: Relay, venue: VenueProcess) -> None:
    """Wait until all signals have ended and the store says what the book says; the ledger verifies."""
    relay.settled()
    until(lambda: not differences(relay, venue), lambda: str(differences(relay, venue)))
    verified = relay.do(relay.core.services.audit.verify())
    assert verified.ok, verified.problems


def until(condition: Callable[[], bool], story: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, story()
        pause.wait(0.02)


def stages(relay: Relay, signal_id: str) -> list[str]:
    """The names of the stages in a signal's story, in order."""
    return [one.stage for one in relay.do(relay.core.services.stories.show(signal_id)).stages]


def accepted(relay: Relay, **fields: Any) -> str:
    """Post a message to "s"; the id of the signal."""
    return signal_of(relay.post("s", **fields))


def ready(relay: Relay) -> None:
    """Wait until the account is connected and compared."""
    [account] = relay.do(relay.core.services.accounts.list())
    memory = relay.core.engine.memory
    until(lambda: memory.standing(account.id).ready, lambda: memory.standing(account.id).why_not)
