"""From a stored signal to one parent order per algorithm it concerns. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from tradewire import pipeline
from tradewire.contract.errors import Unhonoured
from tradewire.contract.matcher import SignalFacts
from tradewire.contract.override import Draft, Note, Skip
from tradewire.domain import ids
from tradewire.domain.algorithm import Algorithm, AlgorithmState, StopUse
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.message import Action
from tradewire.domain.order import OrderType, ParentOrder, ParentState, Purpose, Side
from tradewire.domain.quantity import canonical
from tradewire.domain.size import SizeKind, spoken
from tradewire.engine.legs import Leg, NoLegs, legs
from tradewire.plugins import Plugins
from tradewire.stages.match import NearMisses
from tradewire.stages.override import starting_draft

_WITHOUT_EXITS = (Action.EXIT, Action.CANCEL)
_PURPOSES = {Action.EXIT: Purpose.EXIT, Action.CANCEL: Purpose.CANCEL}


class RoutedOrder(Struct):
    """One algorithm's parent order, with what the overrides noted."""

    parent: ParentOrder
    notes: tuple[Note, ...] = ()


class Route(Struct):
    """What becomes of one signal. `outcome` is set where it ends without any run; `reason` also names the
    algorithms that could not be asked."""

    signal_id: str
    runs: tuple[RoutedOrder, ...] = ()
    outcome: str | None = None
    reason: str | None = None
    entries: tuple[Entry, ...] = ()


class Listeners:
    """All algorithms, stopped ones included, as they are for the signals that are routed at one moment."""

    def __init__(self, algorithms: Iterable[Algorithm], now: datetime) -> None:
        everything = tuple(algorithms)
        self.now = now
        self.started = tuple(one for one in everything if _may_act(one, now))
        self.near_misses = NearMisses(everything, now)


def route(plugins: Plugins, signal: SignalFacts, listeners: Listeners) -> Route:
    """Match `signal` and override the orders of the algorithms that it concerns."""
    now = listeners.now
    found = pipeline.match(plugins, signal, listeners.started)
    matched, unasked = found.algorithms, _could_not_be_asked(found)
    if not matched and unasked is not None:
        return _ended(signal, now, EntryKind.SIGNAL_FAILED, "failed", unasked)
    if not matched:
        misses = " ".join(listeners.near_misses.of(signal))
        return _ended(
            signal,
            now,
            EntryKind.SIGNAL_NO_MATCH,
            "no_match",
            f"Received but no algorithm matched. {misses}".strip(),
        )
    runs = tuple(run for one in matched for run in _orders(plugins, signal, one, now))
    routed = Entry(
        at=now,
        kind=EntryKind.SIGNAL_ROUTED,
        signal_id=signal.id,
        reason=unasked,
        data={"algorithms": [algorithm.name for algorithm in matched]},
    )
    entries = (routed, *(_entry(run, now) for run in runs))
    return Route(signal_id=signal.id, runs=runs, reason=unasked, entries=entries)


def _could_not_be_asked(found: pipeline.Matched) -> str | None:
    """A sentence for each algorithm that may have been meant as well, and what to do."""
    return (
        " ".join(
            f'Algorithm "{name}" could not be asked: {why.rstrip(".")}. Install what is missing, or stop it '
            f"by `tradewire algorithm stop {name}`."
            for name, why in found.unasked
        )
        or None
    )


def failed(signal: SignalFacts, error: Exception, now: datetime) -> Route:
    """A signal whose routing broke where nothing should; it must not hold up the signals behind it."""
    text = f"It could not be routed: {type(error).__name__}: {error}"
    return _ended(signal, now, EntryKind.SIGNAL_FAILED, "failed", text)


def _may_act(algorithm: Algorithm, now: datetime) -> bool:
    if algorithm.state is not AlgorithmState.STARTED:
        return False
    return algorithm.valid_until is None or now < algorithm.valid_until


def _orders(
    plugins: Plugins, signal: SignalFacts, algorithm: Algorithm, now: datetime
) -> tuple[RoutedOrder, ...]:
    """One order, or two legs in their order; what was decided stands with the first."""
    draft = starting_draft(algorithm, signal.message)
    try:
        answer = pipeline.override(plugins, draft, signal, algorithm)
    except (pipeline.StageFailed, Unhonoured) as error:
        return (_not_sent(signal, algorithm, draft, now, ParentState.FAILED, "override_failed", str(error)),)
    if isinstance(answer, Skip):
        state = ParentState.BLOCKED if answer.blocked else ParentState.SKIPPED
        skipped = _not_sent(signal, algorithm, draft, now, state, answer.reason, answer.message, answer.notes)
        return (skipped,)
    try:
        blueprint = _blueprint(plugins, algorithm, answer)
    except Unhonoured as error:
        text = str(error)
        return (
            _not_sent(
                signal, algorithm, answer, now, ParentState.BLOCKED, "no_blueprint", text, answer.notes
            ),
        )
    found = _unattached(plugins, algorithm, answer, blueprint) or legs(answer, algorithm)
    if isinstance(found, NoLegs):
        refused = _not_sent(
            signal, algorithm, answer, now, ParentState.BLOCKED, found.reason, found.message, answer.notes
        )
        return (refused,)
    return tuple(
        RoutedOrder(
            parent=_parent(signal, algorithm, answer, now, leg, number, blueprint=blueprint, wake_at=now),
            notes=answer.notes if number == 0 else (),
        )
        for number, leg in enumerate(found)
    )


def _unattached(plugins: Plugins, algorithm: Algorithm, draft: Draft, blueprint: str) -> NoLegs | None:
    """What the message attaches and the blueprint does not. A missing blueprint is told of at admission."""
    installed = plugins.blueprints.get(blueprint)
    if draft.action in _WITHOUT_EXITS or (installed is not None and installed.attaches_exits):
        return None
    for field, value in (("stopLoss", draft.stop_loss), ("takeProfit", draft.take_profit)):
        sizes_only = field == "stopLoss" and algorithm.sizing.stop is StopUse.SIZE_ONLY
        if value is not None and not sizes_only:
            return NoLegs(
                reason="protection_unsupported",
                message=f"The message attaches a {field}, which the blueprint {blueprint!r} does not place; "
                "the entry is not sent without it.",
            )
    return None


def _blueprint(plugins: Plugins, algorithm: Algorithm, draft: Draft) -> str:
    """The algorithm's own blueprint, or the one that is named as the order type that the message asks for."""
    own = algorithm.blueprint.name
    if draft.order_type is None or draft.order_type in plugins.blueprint(own).order_types:
        return own
    for name, blueprint in plugins.blueprints.items():
        if name == draft.order_type.value and draft.order_type in blueprint.order_types:
            return name
    raise Unhonoured(
        f"No installed blueprint works {_spoken(draft.order_type)} orders; nothing is sent instead."
    )


def _spoken(order_type: OrderType) -> str:
    return order_type.value.replace("_", " ")


def _not_sent(
    signal: SignalFacts,
    algorithm: Algorithm,
    draft: Draft,
    now: datetime,
    state: ParentState,
    reason: str,
    message: str,
    notes: tuple[Note, ...] = (),
) -> RoutedOrder:
    side = Side(draft.action.value) if draft.action in (Action.BUY, Action.SELL) else None
    leg = Leg(
        purpose=_PURPOSES.get(draft.action, Purpose.ENTRY),
        side=side,
        size=draft.quantity,
        size_kind=draft.quantity_kind,
        target=draft.target,
    )
    parent = _parent(
        signal, algorithm, draft, now, leg, 0, state=state, reason=reason, detail=message, ended_at=now
    )
    return RoutedOrder(parent=parent, notes=notes)


def _parent(
    signal: SignalFacts,
    algorithm: Algorithm,
    draft: Draft,
    now: datetime,
    leg: Leg,
    number: int,
    **changes: Any,
) -> ParentOrder:
    opens = leg.purpose is Purpose.ENTRY
    in_units = leg.size_kind in (None, SizeKind.QUANTITY)
    parent = ParentOrder(
        id=ids.parent_id(signal.id, algorithm.id, number),
        signal_id=signal.id,
        algorithm_id=algorithm.id,
        account_id=algorithm.account_id,
        leg=number,
        purpose=leg.purpose,
        symbol=draft.symbol,
        side=leg.side,
        quantity=leg.size if in_units else None,
        goal=leg.goal,
        size=leg.size,
        size_kind=leg.size_kind,
        target=leg.target,
        cancel_first=draft.cancel_first,
        blueprint=algorithm.blueprint.name,
        order_type=draft.order_type,
        limit_price=draft.limit_price,
        stop_price=draft.stop_price,
        time_in_force=draft.time_in_force,
        signal_price=signal.message.price,
        take_profit=draft.take_profit if opens else None,
        stop_loss=draft.stop_loss if opens else None,
        extended_hours=draft.extended_hours,
        test=signal.message.test,
        created_at=now,
    )
    return msgspec.structs.replace(parent, **changes)


def _ended(signal: SignalFacts, now: datetime, kind: EntryKind, outcome: str, reason: str) -> Route:
    entry = Entry(at=now, kind=kind, signal_id=signal.id, reason=reason)
    return Route(signal_id=signal.id, outcome=outcome, reason=reason, entries=(entry,))


def _entry(run: RoutedOrder, now: datetime) -> Entry:
    parent = run.parent
    return Entry(
        at=now,
        kind=EntryKind.PARENT_CREATED if parent.state.is_live else EntryKind.PARENT_SKIPPED,
        signal_id=parent.signal_id,
        parent_id=parent.id,
        account_id=parent.account_id,
        algorithm_id=parent.algorithm_id,
        reason=parent.detail,
        data={
            "state": parent.state.value,
            "reason": parent.reason,
            "leg": parent.leg,
            "purpose": parent.purpose.value,
            "symbol": parent.symbol,
            "side": parent.side.value if parent.side else None,
            "quantity": canonical(parent.quantity) if parent.quantity is not None else None,
            "goal": parent.goal.value if parent.goal else None,
            "size": spoken(parent.size, parent.size_kind) if parent.size is not None else None,
            "target": spoken(parent.target, parent.size_kind) if parent.target is not None else None,
            "blueprint": parent.blueprint,
            "test": parent.test,
            "notes": [
                {"field": note.field, "received": note.received, "used": note.used, "why": note.why}
                for note in run.notes
            ],
        },
    )
