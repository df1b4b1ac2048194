"""Entries about what may trade at all: switches, algorithms, accounts."""

from tradewire.audit.world import World
from tradewire.ledger.read import Body


def switch(world: World, number: int, body: Body) -> None:
    scope_id = body.account_id or body.algorithm_id or ""
    world.switches[str(body.data.get("scope")), scope_id] = str(body.data.get("to"))


def stopped(world: World, number: int, body: Body) -> None:
    world.stopped.add(body.algorithm_id or "")


def started(world: World, number: int, body: Body) -> None:
    world.stopped.discard(body.algorithm_id or "")


def account(world: World, number: int, body: Body) -> None:
    """Under which name a venue knows the account, unless its settings say otherwise."""
    world.accounts.add(str(body.data.get("name")))
