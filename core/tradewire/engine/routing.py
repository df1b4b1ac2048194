"""From a stored signal to one parent order per algorithm it concerns. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tradewire import pipeline
from tradewire.contract.errors import Unhonoured
from tradewire.contract.matcher import SignalFacts
from tradewire.contract.override import Draft, Note, Skip
from tradewire.domain import ids
from tradewire.domain.algorithm import Algorithm, AlgorithmState
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.message import Action
from tradewire.domain.order import OrderType, ParentOrder, ParentState, Purpose, Side
from tradewire.domain.quantity import canonical
from tradewire.plugins import Plugins
from tradewire.stages.match import near_misses
from tradewire.stages.override import starting_draft

_PURPOSES = {Action.EXIT: Purpose.EXIT, Action.CANCEL: Purpose.CANCEL}


class Run(Struct):
    """One algorithm's parent order, with what the overrides noted."""

    parent: ParentOrder
    notes: tuple[Note, ...] = ()


class Route(Struct):
    """What becomes of one signal. `outcome` is set where it ends without any run."""

    signal_id: str
    runs: tuple[Run, ...] = ()
    outcome: str | None = None
    reason: str | None = None
    entries: tuple[Entry, ...] = ()


def route(plugins: Plugins, signal: SignalFacts, algorithms: Sequence[Algorithm], now: datetime) -> Route:
    """Match and override `signal` against all `algorithms`, stopped ones included."""
    started = [one for one in algorithms if _may_act(one, now)]
    try:
        matched = pipeline.match(plugins, signal, started)
    except (pipeline.StageFailed, Unhonoured) as error:
        return _ended(signal, now, EntryKind.SIGNAL_FAILED, "failed", str(error))
    if not matched:
        misses = " ".join(near_misses(signal, algorithms, now))
        return _ended(
            signal,
            now,
            EntryKind.SIGNAL_NO_MATCH,
            "no_match",
            f"Received but no algorithm matched. {misses}".strip(),
        )
    runs = tuple(_run(plugins, signal, algorithm, now) for algorithm in matched)
    routed = Entry(
        at=now,
        kind=EntryKind.SIGNAL_ROUTED,
        signal_id=signal.id,
        data={"algorithms": [algorithm.name for algorithm in matched]},
    )
    return Route(signal_id=signal.id, runs=runs, entries=(routed, *(_entry(run, now) for run in runs)))


def failed(signal: SignalFacts, error: Exception, now: datetime) -> Route:
    """A signal whose routing broke where nothing should; it must not hold up the signals behind it."""
    text = f"It could not be routed: {type(error).__name__}: {error}"
    return _ended(signal, now, EntryKind.SIGNAL_FAILED, "failed", text)


def _may_act(algorithm: Algorithm, now: datetime) -> bool:
    if algorithm.state is not AlgorithmState.STARTED:
        return False
    return algorithm.valid_until is None or now < algorithm.valid_until


def _run(plugins: Plugins, signal: SignalFacts, algorithm: Algorithm, now: datetime) -> Run:
    draft = starting_draft(algorithm, signal.message)
    try:
        answer = pipeline.override(plugins, draft, signal, algorithm)
    except (pipeline.StageFailed, Unhonoured) as error:
        return _not_sent(signal, algorithm, draft, now, ParentState.FAILED, "override_failed", str(error))
    if isinstance(answer, Skip):
        state = ParentState.BLOCKED if answer.blocked else ParentState.SKIPPED
        return _not_sent(signal, algorithm, draft, now, state, answer.reason, answer.message, answer.notes)
    if answer.action not in _PURPOSES:
        refusal = _unhonoured(answer)
        if refusal is not None:
            return _not_sent(signal, algorithm, answer, now, ParentState.BLOCKED, *refusal, answer.notes)
    try:
        blueprint = _blueprint(plugins, algorithm, answer)
    except Unhonoured as error:
        return _not_sent(
            signal, algorithm, answer, now, ParentState.BLOCKED, "no_blueprint", str(error), answer.notes
        )
    parent = _parent(signal, algorithm, answer, now, blueprint=blueprint, wake_at=now)
    return Run(parent=parent, notes=answer.notes)


def _unhonoured(draft: Draft) -> tuple[str, str] | None:
    """What the message asks for beside the order itself, and no blueprint of this version attaches."""
    for field, value in (("stopLoss", draft.stop_loss), ("takeProfit", draft.take_profit)):
        if value is not None:
            return (
                "protection_unsupported",
                f"The message attaches a {field}, which this version cannot place; "
                "the entry is not sent without it.",
            )
    if draft.action in (Action.REVERSE, Action.TARGET):
        return "action_unsupported", f"The action {draft.action.value} is not supported by this version."
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
) -> Run:
    parent = _parent(
        signal,
        algorithm,
        draft,
        now,
        blueprint=algorithm.blueprint.name,
        state=state,
        reason=reason,
        detail=message,
        ended_at=now,
    )
    return Run(parent=parent, notes=notes)


def _parent(
    signal: SignalFacts, algorithm: Algorithm, draft: Draft, now: datetime, **changes: Any
) -> ParentOrder:
    side = Side(draft.action.value) if draft.action in (Action.BUY, Action.SELL) else None
    parent = ParentOrder(
        id=ids.parent_id(signal.id, algorithm.id),
        signal_id=signal.id,
        algorithm_id=algorithm.id,
        account_id=algorithm.account_id,
        purpose=_PURPOSES.get(draft.action, Purpose.ENTRY),
        symbol=draft.symbol,
        side=side,
        quantity=draft.quantity,
        blueprint=algorithm.blueprint.name,
        order_type=draft.order_type,
        limit_price=draft.limit_price,
        stop_price=draft.stop_price,
        time_in_force=draft.time_in_force,
        signal_price=signal.message.price,
        test=signal.message.test,
        created_at=now,
    )
    return msgspec.structs.replace(parent, **changes)


def _ended(signal: SignalFacts, now: datetime, kind: EntryKind, outcome: str, reason: str) -> Route:
    entry = Entry(at=now, kind=kind, signal_id=signal.id, reason=reason)
    return Route(signal_id=signal.id, outcome=outcome, reason=reason, entries=(entry,))


def _entry(run: Run, now: datetime) -> Entry:
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
            "blueprint": parent.blueprint,
            "test": parent.test,
            "notes": [
                {"field": note.field, "received": note.received, "used": note.used, "why": note.why}
                for note in run.notes
            ],
        },
    )
