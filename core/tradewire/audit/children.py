"""Entries about orders at the broker: made once, sent while allowed, again only after proof of absence."""

from tradewire.audit.finding import FindingCode
from tradewire.audit.tracks import ZERO, Child, ChildStage, Lane, Parent, ParentStage
from tradewire.audit.world import World
from tradewire.domain.ids import client_order_id
from tradewire.ledger.read import Body

_SENDABLE = (ChildStage.NEW, ChildStage.ABSENT)
_CONTENT = ("instrument", "side", "quantity", "order_type", "limit_price", "stop_price", "time_in_force")


def created(world: World, number: int, body: Body) -> None:
    id_ = body.client_id or ""
    parent = world.parents.get(body.parent_id or "")
    if parent is None:
        if not world.partial:
            text = f"Order {id_} at the broker was made for {body.parent_id}, which was not live."
            world.note(FindingCode.AFTER_END, text, number, body)
        return
    data = body.data
    slot = (data.get("leg", 0), data.get("slice", 0), data.get("generation", 0))
    if id_ in world.children or id_ in world.past:
        world.note(FindingCode.DOUBLED, f"Order {id_} at the broker was made twice.", number, body)
        return
    twin = next((one for one in parent.children.values() if one.slot == slot), None)
    if twin is not None:
        text = f"{twin.id} and {id_} are two orders for one signal, algorithm, leg, slice and generation."
        world.note(FindingCode.DOUBLED, text, number, body)
    elif "slice" in data and id_ != client_order_id(parent.id, *slot):
        text = f"Order {id_} does not have the id that its parent, leg, slice and generation give."
        world.note(FindingCode.WRONG_ID, text, number, body)
    if parent.stage is ParentStage.PENDING:
        text = f"Order {id_} was made for {parent.id}, which no guardian had let through."
        world.note(FindingCode.UNGUARDED, text, number, body)
    content = {name: data.get(name) for name in _CONTENT}
    lane = Lane(body.account_id or "", str(data.get("instrument")))
    child = Child(id_, parent, lane, slot, content)
    _within(world, number, body, parent, child)
    parent.children[id_] = world.children[id_] = child


def sent(world: World, number: int, body: Body) -> None:
    child = _live(world, number, body)
    if child is None:
        return
    if child.stage not in _SENDABLE:
        text = f"Order {child.id} was sent again without proof that the broker never had it."
        world.note(FindingCode.RESENT, text, number, body)
    changed = [name for name in _CONTENT if name in body.data and body.data[name] != child.content[name]]
    if changed:
        text = f"Order {child.id} was sent with another {', '.join(changed)} than it was made with."
        world.note(FindingCode.CHANGED_CONTENT, text, number, body)
    _allowed(world, number, body, child)
    _after_closes(world, number, body, child)
    world.reached(child, ChildStage.SENT)


def acknowledged(world: World, number: int, body: Body) -> None:
    """It may come after the fills, but never before the order was sent."""
    child = _live(world, number, body, late=True)
    if child is None:
        return
    if child.stage in _SENDABLE:
        _never_sent(world, number, body, child)
    if child.stage.is_open:
        world.reached(child, ChildStage.TAKEN)


def unknown(world: World, number: int, body: Body) -> None:
    child = _live(world, number, body)
    if child is None:
        return
    if child.stage in _SENDABLE:
        _never_sent(world, number, body, child)
    world.reached(child, ChildStage.UNKNOWN)


def looked_up(world: World, number: int, body: Body) -> None:
    child = _live(world, number, body)
    if child is not None:
        world.reached(child, ChildStage.TAKEN if body.data.get("found") else ChildStage.ABSENT)


def resolved(world: World, number: int, body: Body) -> None:
    child = _live(world, number, body)
    if child is not None and body.data.get("decision") == "absent":
        world.reached(child, ChildStage.ABSENT)


def cancel_requested(world: World, number: int, body: Body) -> None:
    child = _live(world, number, body)
    if child is not None:
        child.cancelled = True


def ended(world: World, number: int, body: Body) -> None:
    """A second end is told only where late fills turned it into "filled"."""
    child = _live(world, number, body, late=True)
    if child is None:
        return
    state = body.data.get("state")
    if state == "filled" and child.filled < child.quantity:
        text = f"Order {child.id} ended as filled with {child.filled} of {child.quantity} booked."
        world.note(FindingCode.FILL_MISSING, text, number, body)
    if not child.stage.is_open and state != "filled":
        world.note(FindingCode.AFTER_END, f"Order {child.id} ended twice.", number, body)
    world.reached(child, ChildStage.ENDED)


def rejected(world: World, number: int, body: Body) -> None:
    child = _live(world, number, body)
    if child is None:
        return
    if child.stage in _SENDABLE:
        _never_sent(world, number, body, child)
    child.taken = False
    world.reached(child, ChildStage.ENDED)


def _within(world: World, number: int, body: Body, parent: Parent, child: Child) -> None:
    committed = sum((one.committed for one in parent.children.values()), ZERO) + child.quantity
    if parent.quantity is not None and committed > parent.quantity:
        text = f"With order {child.id}, {committed} of {parent.quantity} of {parent.id} is filled or open."
        world.note(FindingCode.OVERPLACED, text, number, body)


def _allowed(world: World, number: int, body: Body, child: Child) -> None:
    parent = child.parent
    if parent.cancelled or child.cancelled:
        world.note(
            FindingCode.AFTER_CANCEL, f"Order {child.id} was sent after its cancel was asked.", number, body
        )
    if parent.stage is ParentStage.ENDED:
        world.note(
            FindingCode.AFTER_END, f"Order {child.id} was sent after {parent.id} had ended.", number, body
        )
    scope = world.halted(parent)
    if scope is not None:
        text = f"Order {child.id} was sent while the {scope} kill switch forbade it."
        world.note(FindingCode.AFTER_HALT, text, number, body)
    if parent.algorithm_id in world.stopped and parent.purpose != "exit":
        world.note(
            FindingCode.AFTER_HALT,
            f"Order {child.id} was sent after its algorithm was stopped.",
            number,
            body,
        )
    epoch = body.data.get("epoch")
    if isinstance(epoch, int):
        newest = world.epochs.get(child.lane.account_id, epoch)
        if epoch < newest:
            text = f"Order {child.id} was sent under lease {epoch} of its account, after {newest} was in use."
            world.note(FindingCode.OLD_LEASE, text, number, body)
        world.epochs[child.lane.account_id] = max(epoch, newest)


def _after_closes(world: World, number: int, body: Body, child: Child) -> None:
    """What opens goes out after every close accepted before it; on the other side, after that has ended."""
    parent = child.parent
    if parent.purpose == "exit":
        return
    for other in world.own(parent):
        if other.purpose != "exit" or not world.is_lane_of(other, child.lane, parent.symbol):
            continue
        is_out = any(one.stage is not ChildStage.NEW for one in other.children.values())
        if not is_out or other.side != parent.side:
            text = f"Order {child.id} opens, and was sent before the close {other.id}, accepted earlier"
            text += ", had ended." if is_out else "."
            world.note(FindingCode.OVERTOOK_CLOSE, text, number, body)


def _never_sent(world: World, number: int, body: Body, child: Child) -> None:
    text = f"Order {child.id} was never sent, and yet: {body.kind.value}."
    world.note(FindingCode.IMPOSSIBLE, text, number, body)


def _live(world: World, number: int, body: Body, late: bool = False) -> Child | None:
    child = world.children.get(body.client_id or "")
    if child is not None and (late or child.stage.is_open):
        child.parent.quiet_since = body.at
        return child
    if child is not None or (body.client_id in world.past and not late):
        world.note(
            FindingCode.AFTER_END,
            f"Order {body.client_id} had ended, and then: {body.kind.value}.",
            number,
            body,
        )
    elif body.client_id not in world.past and not world.partial:
        text = f"Order {body.client_id} was never made, and yet: {body.kind.value}."
        world.note(FindingCode.ORPHAN, text, number, body)
    return None
