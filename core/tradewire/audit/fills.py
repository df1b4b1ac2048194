"""Entries about executions, and about what is held: each is booked once, and positions are their sum."""

from decimal import Decimal

from tradewire.audit.finding import FindingCode
from tradewire.audit.tracks import ZERO, Child, ChildStage, Execution, amount
from tradewire.audit.world import World
from tradewire.ledger.read import Body


def stored(world: World, number: int, body: Body) -> None:
    execution = str(body.data.get("execution"))
    quantity = amount(body.data.get("quantity")) or ZERO
    key = (body.account_id or "", execution)
    if key in world.executions:
        world.note(FindingCode.DOUBLE_BOOKED, f"Execution {execution} was booked twice.", number, body)
    world.executions[key] = Execution(
        body.client_id or "", execution, quantity, amount(body.data.get("price")) or ZERO
    )
    if body.client_id is not None:
        _filled(world, number, body, quantity)
    _position(world, number, body, quantity)


def drifted(world: World, number: int, body: Body) -> None:
    """What nobody's order explains was taken over as it is at the broker."""
    for one in body.data.get("positions") or ():
        found = amount(one.get("found"))
        if found is not None:
            world.positions[body.account_id or "", "", str(one.get("instrument"))] = found


def _filled(world: World, number: int, body: Body, quantity: Decimal) -> None:
    id_ = body.client_id or ""
    child, past = world.children.get(id_), world.past.get(id_)
    if child is not None:
        child.filled += quantity
        child.taken = True
        whole, filled = child.quantity, child.filled
        if child.stage in (ChildStage.NEW, ChildStage.ABSENT):
            text = f"Order {id_} was filled, and it had not been sent or was proven absent."
            world.note(FindingCode.IMPOSSIBLE, text, number, body)
        _as_ordered(world, number, body, child)
    elif past is not None:
        whole, filled = past.quantity, past.filled + quantity
        world.past[id_] = past._replace(filled=filled, taken=True)
    else:
        if body.parent_id is not None and not world.partial:
            world.note(
                FindingCode.ORPHAN, f"A fill was booked to order {id_}, which was never made.", number, body
            )
        return
    if filled > whole:
        world.note(FindingCode.OVERFILLED, f"Order {id_} over {whole} was filled by {filled}.", number, body)


def _as_ordered(world: World, number: int, body: Body, child: Child) -> None:
    """An entry that does not tell a side or an instrument is of an earlier Tradewire."""
    for name in ("side", "instrument"):
        ordered, executed = child.content.get(name), body.data.get(name)
        if ordered is not None and executed is not None and executed != ordered:
            text = f"A fill was booked to order {child.id} over {ordered}, and it is one of {executed}."
            world.note(FindingCode.ORPHAN, text, number, body)


def _position(world: World, number: int, body: Body, quantity: Decimal) -> None:
    """The position that an entry tells is the one before it and its own quantity."""
    told = amount(body.data.get("position"))
    if told is None:
        return
    holder = body.algorithm_id or ""
    key = (body.account_id or "", holder, str(body.data.get("instrument")))
    begun_before = world.partial or not holder
    before = world.positions.get(key, None if begun_before else ZERO)
    signed = quantity if body.data.get("side") == "buy" else -quantity
    if before is not None and before + signed != told:
        text = f"After this fill {told} is held of {key[2]}, and its fills come to {before + signed}."
        world.note(FindingCode.POSITION, text, number, body)
    world.positions[key] = told
