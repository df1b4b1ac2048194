"""A venue's own list of orders and executions, and whether a history agrees with it."""

from collections import Counter
from collections.abc import Collection, Mapping
from decimal import Decimal

import msgspec

from tradewire.audit.finding import FindingCode
from tradewire.audit.tracks import ChildStage, Past
from tradewire.audit.world import World
from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct

#: How the execution is called that stands for a person's word; no venue knows of it.
BY_HAND = "by-hand-"


class VenueInstrument(Struct):
    id: str


class VenueRequest(Struct):
    """What the venue was asked to do, under the client's own id (None: it came without one)."""

    instrument: VenueInstrument
    side: str
    quantity: Decimal
    client_id: str | None = None


class VenueOrder(Struct):
    request: VenueRequest


class VenueExecution(Struct):
    execution_id: str
    instrument_id: str
    quantity: Decimal
    price: Decimal
    client_id: str | None = None


class VenueTrade(Struct):
    execution: VenueExecution


class VenueAccount(Struct):
    account: str
    orders: tuple[VenueOrder, ...] = ()
    executions: tuple[VenueTrade, ...] = ()


class VenueBook(Struct):
    """What the paper venue answers to `GET /book`; other venues' lists can be put into this form."""

    accounts: tuple[VenueAccount, ...]


def read_venue(content: bytes) -> VenueBook:
    """Raises `Unhonoured` for what is no such list."""
    try:
        return msgspec.json.decode(content, type=VenueBook)
    except msgspec.MsgspecError as error:
        raise Unhonoured(f"This is not a venue's list of orders and executions: {error}.") from error


def compare(world: World, book: VenueBook) -> None:
    """Note what only one of the two has, in the accounts that the history trades."""
    known = _known(world)
    by_hand = {one.client_id for one in world.executions.values() if one.execution.startswith(BY_HAND)}
    accounts = [one for one in book.accounts if _is_ours(one, world, known)]
    orders = [order.request for one in accounts for order in one.orders]
    there = Counter(order.client_id for order in orders if order.client_id is not None)
    for client_id, times in there.items():
        if times > 1:
            world.note(FindingCode.DOUBLED, f"The venue holds {times} orders of the id {client_id}.")
        if client_id not in known and _looks_ours(client_id) and not world.partial:
            world.note(
                FindingCode.ORPHAN, f"The venue holds order {client_id}, which the history does not know."
            )
    for client_id, past in known.items():
        if past.taken and client_id not in there and client_id not in by_hand:
            text = f"Order {client_id} was acknowledged or filled, and the venue never had it."
            world.note(FindingCode.NEVER_ARRIVED, text)
    _executions(world, accounts, known, by_hand)


def _executions(
    world: World, accounts: list[VenueAccount], known: Mapping[str, Past], by_hand: Collection[str]
) -> None:
    theirs = {
        (one.client_id or "", one.execution_id): one
        for account in accounts
        for one in (trade.execution for trade in account.executions)
    }
    ours = {(one.client_id, one.execution): one for one in world.executions.values()}
    for key, there in theirs.items():
        if key not in ours:
            if key[0] in known and key[0] not in by_hand:
                world.note(
                    FindingCode.FILL_MISSING,
                    f"The venue executed {key[1]} of order {key[0]}; it is not booked.",
                )
        elif (ours[key].quantity, ours[key].price) != (there.quantity, there.price):
            text = f"Execution {key[1]} is booked with another quantity or price than it had."
            world.note(FindingCode.FILL_INVENTED, text)
    for key, mine in ours.items():
        if key not in theirs and not mine.execution.startswith(BY_HAND):
            text = f"Execution {mine.execution} is booked, and the venue has no such one."
            world.note(FindingCode.FILL_INVENTED, text)


def _known(world: World) -> dict[str, Past]:
    """Every order of the history; one whose fate is unknown is not taken for arrived."""
    live = {
        child.id: Past(child.quantity, child.filled, child.taken and child.stage is not ChildStage.UNKNOWN)
        for child in world.children.values()
    }
    return {**world.past, **live}


def _is_ours(account: VenueAccount, world: World, known: Mapping[str, Past]) -> bool:
    return account.account in world.accounts or any(
        order.request.client_id in known for order in account.orders
    )


def _looks_ours(client_id: str) -> bool:
    return len(client_id) == 32 and set(client_id) <= set("0123456789abcdef")
