"""Entries about signals: each is accepted once and comes to something."""

from tradewire.audit.finding import FindingCode
from tradewire.audit.world import World
from tradewire.ledger.read import Body


def accepted(world: World, number: int, body: Body) -> None:
    signal = body.signal_id or ""
    if signal in world.accepted:
        world.note(FindingCode.DOUBLED, f"Signal {signal} was accepted twice.", number, body)
    world.accepted.add(signal)
    world.unrouted[signal] = (number, body.at)


def routed(world: World, number: int, body: Body) -> None:
    """Each algorithm that took it has its order in the same transaction."""
    if _leaves(world, number, body):
        algorithms = body.data.get("algorithms")
        world.expected[body.signal_id or ""] = (len(algorithms or ()), set())


def ended(world: World, number: int, body: Body) -> None:
    """No algorithm takes it, or routing failed: that is its end."""
    _leaves(world, number, body)


def _leaves(world: World, number: int, body: Body) -> bool:
    if world.unrouted.pop(body.signal_id or "", None) is not None:
        return True
    if not world.partial:
        text = f"Signal {body.signal_id} was routed without waiting to be: never accepted, or routed twice."
        world.note(FindingCode.IMPOSSIBLE, text, number, body)
    return False
