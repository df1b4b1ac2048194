"""An algorithm as it is shown."""

from collections.abc import Mapping
from datetime import datetime

from tradewire.domain.algorithm import (
    Algorithm,
    AlgorithmState,
    Dynamic,
    OnOpposite,
    PipelineChoice,
    Plugged,
    Sizing,
    Validity,
    WhenClosed,
)
from tradewire.domain.base import Struct
from tradewire.domain.order import Side
from tradewire.domain.size import spoken
from tradewire.engine.guarding import Asked
from tradewire.pipeline import chain
from tradewire.plugins import Plugins
from tradewire.services.numbers import Number, shown_or_none
from tradewire.stages.sizes import own_size


class AlgorithmView(Struct):
    """`account` is the account's name, `signal_id` the entry signal id, `size` a text such as "2 % of
    equity"."""

    id: str
    name: str
    account: str
    account_id: str
    provider: str
    signal_id: str
    symbol: str
    side: Side
    quantity: Number | None
    size: str
    sizing: Sizing
    dynamic: Dynamic
    allow_shorts: bool
    on_opposite: OnOpposite
    max_entries: int | None
    when_closed: WhenClosed
    blueprint: Plugged
    guardians: tuple[Plugged, ...]
    validity: Validity
    pipeline: PipelineChoice
    state: AlgorithmState
    state_reason: str | None
    started_at: datetime | None
    valid_until: datetime | None
    created_at: datetime
    version: int


class ChainLink(Struct):
    """One plugin that a signal of the algorithm passes; `problem` says why it cannot be passed."""

    stage: str
    plugin: str
    problem: str | None = None


class AlgorithmDetail(Struct):
    algorithm: AlgorithmView
    chain: tuple[ChainLink, ...]


class SavedAlgorithm(Struct):
    """`warnings` name what the account can never supply to a guardian."""

    algorithm: AlgorithmView
    warnings: tuple[str, ...] = ()


def view_of(algorithm: Algorithm, accounts: dict[str, str]) -> AlgorithmView:
    return AlgorithmView(
        id=algorithm.id,
        name=algorithm.name,
        account=accounts.get(algorithm.account_id, algorithm.account_id),
        account_id=algorithm.account_id,
        provider=algorithm.signal.provider,
        signal_id=algorithm.signal.id,
        symbol=algorithm.symbol,
        side=algorithm.side,
        quantity=shown_or_none(algorithm.quantity),
        size=_size(algorithm),
        sizing=algorithm.sizing,
        dynamic=algorithm.dynamic,
        allow_shorts=algorithm.allow_shorts,
        on_opposite=algorithm.on_opposite,
        max_entries=algorithm.max_entries,
        when_closed=algorithm.when_closed,
        blueprint=algorithm.blueprint,
        guardians=algorithm.guardians,
        validity=algorithm.validity,
        pipeline=algorithm.pipeline,
        state=algorithm.state,
        state_reason=algorithm.state_reason,
        started_at=algorithm.started_at,
        valid_until=algorithm.valid_until,
        created_at=algorithm.created_at,
        version=algorithm.version,
    )


def _size(algorithm: Algorithm) -> str:
    value, kind = own_size(algorithm)
    return spoken(value, kind) if value is not None else "?"


def chain_of(
    algorithm: Algorithm, guardians: tuple[Asked, ...], broker: str, plugins: Plugins
) -> tuple[ChainLink, ...]:
    """Every plugin in the order in which a signal passes it, guardians with their scope, the broker last."""
    names = tuple(f"{one.name} ({one.scope})" for one in guardians)
    links = [
        ChainLink(stage=stage, plugin=name, problem=_problem(plugins, stage, name))
        for stage, name in chain(plugins, algorithm, names)
    ]
    links.append(ChainLink(stage="broker", plugin=broker, problem=_problem(plugins, "broker", broker)))
    return tuple(links)


def _problem(plugins: Plugins, stage: str, name: str) -> str | None:
    stages: dict[str, Mapping[str, object]] = {
        "parse": plugins.providers,
        "authenticate": plugins.authenticators,
        "match": plugins.matchers,
        "override": plugins.overrides,
        "guard": plugins.guardians,
        "blueprint": plugins.blueprints,
        "broker": plugins.brokers,
    }
    plain = name.partition(" (")[0] if stage == "guard" else name
    if plain in stages[stage]:
        return None
    return plugins.quarantined.get(plain, "not installed")
