"""Entries about what algorithms want: created, guarded, admitted in order, ended once."""

from tradewire.audit.finding import FindingCode
from tradewire.audit.tracks import Lane, Parent, ParentStage, amount
from tradewire.audit.world import World
from tradewire.domain.ids import parent_id
from tradewire.ledger.read import Body

_PASSED = ("allow", "trim")


def created(world: World, number: int, body: Body) -> None:
    parent = _begun(world, number, body)
    if parent is not None:
        parent.quiet_since = body.at
        world.begin(parent)


def skipped(world: World, number: int, body: Body) -> None:
    """It was created as ended."""
    if _begun(world, number, body) is not None:
        world.ended.add(body.parent_id or "")


def guarded(world: World, number: int, body: Body) -> None:
    parent = _live(world, number, body)
    if parent is not None:
        parent.verdict = str(body.data.get("decision"))


def admitted(world: World, number: int, body: Body) -> None:
    parent = _live(world, number, body)
    if parent is None:
        return
    if parent.stage is not ParentStage.PENDING:
        world.note(FindingCode.IMPOSSIBLE, f"Order {parent.id} was admitted twice.", number, body)
    parent.instrument = str(body.data.get("instrument"))
    parent.side = str(body.data.get("side"))
    parent.quantity = amount(body.data.get("quantity"))
    _judged(world, number, body, parent)
    _in_order(world, number, body, parent)
    world.admit(parent)


def waiting(world: World, number: int, body: Body) -> None:
    """It waits, or is paused for a person, and shows it."""
    parent = _live(world, number, body)
    if parent is not None:
        parent.shown = True
        parent.patient = bool(body.data.get("own"))


def cancel_requested(world: World, number: int, body: Body) -> None:
    parent = _live(world, number, body)
    if parent is not None:
        parent.cancelled = True


def ended(world: World, number: int, body: Body) -> None:
    parent = _live(world, number, body)
    if parent is None:
        return
    for child in parent.children.values():
        if child.stage.is_open and child.filled < child.quantity:
            text = f"Order {parent.id} ended while its order {child.id} at the broker was open."
            world.note(FindingCode.IMPOSSIBLE, text, number, body)
    world.end(parent)


def _begun(world: World, number: int, body: Body) -> Parent | None:
    id_, signal, algorithm = body.parent_id or "", body.signal_id or "", body.algorithm_id or ""
    promised = world.expected.get(signal)
    if promised is not None:
        promised[1].add(algorithm)
        if len(promised[1]) >= promised[0]:
            del world.expected[signal]
    leg = body.data.get("leg", 0)
    if id_ in world.parents or id_ in world.ended:
        text = f"Signal {signal} made two orders of algorithm {algorithm} for leg {leg}."
        world.note(FindingCode.DOUBLED, text, number, body)
        return None
    if id_ != parent_id(signal, algorithm, leg if isinstance(leg, int) else 0):
        text = f"Order {id_} does not have the id that its signal, algorithm and leg give."
        world.note(FindingCode.WRONG_ID, text, number, body)
    parent = Parent(id_, number, signal, algorithm, body.account_id or "")
    parent.purpose = str(body.data.get("purpose"))
    parent.symbol = str(body.data.get("symbol"))
    parent.side = str(body.data.get("side"))
    parent.quantity = amount(body.data.get("quantity"))
    return parent


def _judged(world: World, number: int, body: Body, parent: Parent) -> None:
    if not parent.verdict:
        text = f"Order {parent.id} was admitted though no guardian was asked."
        world.note(FindingCode.UNGUARDED, text, number, body)
    elif parent.verdict not in _PASSED:
        text = f"Order {parent.id} was admitted though the guardians said {parent.verdict}."
        world.note(FindingCode.BLOCKED_YET_SENT, text, number, body)


def _in_order(world: World, number: int, body: Body, parent: Parent) -> None:
    """In a lane: in the order of acceptance, past nothing that is unknown; a close ends what works."""
    before = world.waiting_before(parent)
    if before is not None:
        text = f"Order {parent.id} was admitted before {before.id}, which was accepted earlier in its lane."
        world.note(FindingCode.OUT_OF_ORDER, text, number, body)
    if unknown := world.unknown.get(Lane(parent.account_id, parent.instrument)):
        text = f"Order {parent.id} was admitted while the fate of {min(unknown)} in its lane was unknown."
        world.note(FindingCode.PAST_UNKNOWN, text, number, body)
    for other in world.own(parent):
        works = other.stage is ParentStage.WORKING and other.instrument == parent.instrument
        if works and (parent.purpose == "exit" or other.side != parent.side):
            text = f"Order {parent.id} closes or turns, and was admitted while {other.id} was still working."
            world.note(FindingCode.CLOSED_OVER_WORKING, text, number, body)


def _live(world: World, number: int, body: Body) -> Parent | None:
    parent = world.parents.get(body.parent_id or "")
    if parent is not None and parent.stage is not ParentStage.ENDED:
        parent.quiet_since = body.at
        return parent
    if body.parent_id in world.ended or parent is not None:
        world.note(
            FindingCode.AFTER_END,
            f"Order {body.parent_id} had ended, and then: {body.kind.value}.",
            number,
            body,
        )
    elif not world.partial:
        text = f"Order {body.parent_id} was never created, and yet: {body.kind.value}."
        world.note(FindingCode.IMPOSSIBLE, text, number, body)
    return None
