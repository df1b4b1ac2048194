"""One signal, followed through every stage with its time and reason."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, select

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import EntryKind, Recorded
from tradewire.domain.order import Goal
from tradewire.domain.verdict import Decision, Verdict
from tradewire.ledger.read import of_parent, of_signal
from tradewire.pipeline import DEFAULT, MATCHED
from tradewire.services.fills import FillView, fill_views
from tradewire.services.naming import account_brokers
from tradewire.services.numbers import shown_price
from tradewire.services.orders import ChildView, OrderView, order_views
from tradewire.services.refusal import Code, Refused
from tradewire.services.signal_state import WAITING
from tradewire.services.signals import SignalView, signal_views
from tradewire.services.waiting_signals import why_it_waits
from tradewire.store.database import Store
from tradewire.store.schema import fills, parent_orders, signals, verdicts

#: What the tables do not keep, or keep only the last of.
_FROM_THE_LEDGER = {
    EntryKind.PARENT_WAITING: "waits",
    EntryKind.PARENT_PAUSED: "paused",
    EntryKind.PARENT_CANCEL_REQUESTED: "cancel asked",
    EntryKind.CHILD_UNKNOWN: "unknown",
    EntryKind.CHILD_LOOKED_UP: "looked up",
    EntryKind.CHILD_CANCEL_REQUESTED: "cancel asked",
    EntryKind.CHILD_RESOLVED: "resolved",
}


#: What comes first of what happened in the same transaction.
_RANK = {
    stage: rank
    for rank, stage in enumerate(
        (
            "alert",
            "received",
            "stored",
            "matched",
            "no match",
            "order",
            "guarded",
            "admitted",
            "waits",
            "sent",
            "acknowledged",
            "unknown",
            "looked up",
            "resolved",
            "cancel asked",
            "fill",
            "broker",
            "paused",
        )
    )
}


class Judgement(Struct):
    """All verdicts on an order at one moment."""

    at: datetime
    parent_id: str
    verdicts: tuple[Verdict, ...]


class StageView(Struct):
    """`after_ms` counts from the request's arrival; negative for the alert itself. `plugins` names those
    whose work it is."""

    at: datetime
    after_ms: int
    stage: str
    text: str
    algorithm: str | None = None
    parent_id: str | None = None
    client_id: str | None = None
    plugins: tuple[str, ...] = ()


class SignalStory(Struct):
    """`raw` is the message as received, with its key shortened."""

    signal: SignalView
    raw: str
    stages: tuple[StageView, ...]
    orders: tuple[OrderView, ...]
    judgements: tuple[Judgement, ...]
    fills: tuple[FillView, ...]


class SignalStories:
    def __init__(self, store: Store, clock: Clock, lease_s: float, *, engine: bool) -> None:
        """`engine`: whether this process works orders, and with them whatever waits."""
        self._store = store
        self._clock = clock
        self._lease_s = lease_s
        self._engine = engine

    async def show(self, reference: str) -> SignalStory:
        """The story of the signal whose id begins with `reference`; refuses in words.

        Where it waits because nobody works, its reason says so.
        """
        now = self._clock.now()

        def unit(conn: Connection) -> SignalStory:
            story = _story(conn, _found(conn, reference))
            if self._engine or story.signal.state != WAITING:
                return story
            why = why_it_waits(conn, now, self._lease_s)
            return replace(story, signal=replace(story.signal, reason=why or story.signal.reason))

        return await self._store.read(unit)


def _found(conn: Connection, reference: str) -> Row[Any]:
    wanted = reference.strip().lower()
    if not wanted or not all(letter in "0123456789abcdef-" for letter in wanted):
        raise Refused(
            Code.INVALID,
            f'"{reference}" is not the beginning of a signal\'s id; `tradewire signals` lists them.',
        )
    rows = conn.execute(
        select(signals)
        .where(signals.c.id.startswith(wanted, autoescape=True))
        .order_by(signals.c.seq)
        .limit(6)
    ).all()
    if not rows:
        raise Refused(Code.NOT_FOUND, f"No signal's id begins with {wanted}; `tradewire signals` lists them.")
    if len(rows) > 1 and rows[0].id != wanted:
        some = ", ".join(row.id for row in rows[:5])
        raise Refused(Code.CONFLICT, f"Several signals' ids begin with {wanted}; write more of it: {some}.")
    return rows[0]


def _story(conn: Connection, row: Row[Any]) -> SignalStory:
    (signal,) = signal_views(conn, [row])
    parents = conn.execute(
        select(parent_orders).where(parent_orders.c.signal_id == row.id).order_by(parent_orders.c.seq)
    ).all()
    ids = [parent.id for parent in parents]
    orders = order_views(conn, parents)
    judged = tuple(
        Judgement(at=one.at, parent_id=one.parent_id, verdicts=one.document)
        for one in conn.execute(
            select(verdicts).where(verdicts.c.parent_id.in_(ids)).order_by(verdicts.c.seq)
        )
    )
    executed = fill_views(
        conn, conn.execute(select(fills).where(fills.c.parent_id.in_(ids)).order_by(fills.c.seq)).all()
    )
    entries = {entry.seq: entry for entry in of_signal(conn, row.id)}
    for parent in ids:
        entries.update({entry.seq: entry for entry in of_parent(conn, parent)})
    stages = [*_arrival(signal, _checked_by(entries.values()))]
    brokers = account_brokers(conn)
    for order in orders:
        stages += _of_order(signal, order, brokers.get(order.account, ""))
    names = {order.id: order.algorithm for order in orders}
    stages += [_judged(signal, one, names) for one in judged]
    stages += [_executed(signal, one) for one in executed]
    stages += [
        _noted(signal, entry, names) for _, entry in sorted(entries.items()) if entry.kind in _FROM_THE_LEDGER
    ]
    stages.sort(key=lambda stage: (stage.at, _RANK.get(stage.stage, len(_RANK))))
    return SignalStory(
        signal=signal,
        raw=bytes(row.raw).decode("utf-8", "replace"),
        stages=tuple(stages),
        orders=orders,
        judgements=judged,
        fills=executed,
    )


def _stage(
    signal: SignalView,
    at: datetime,
    stage: str,
    text: str,
    plugins: Iterable[str] = (),
    **where: str | None,
) -> StageView:
    after = round((at - signal.received_at).total_seconds() * 1000)
    named = tuple(dict.fromkeys(name for name in plugins if name))
    return StageView(at=at, after_ms=after, stage=stage, text=text, plugins=named, **where)


def _checked_by(entries: Iterable[Recorded]) -> tuple[str, ...]:
    """The authenticators that were asked when it came in."""
    asked = (entry.data.get("checked_by") for entry in entries)
    return tuple(str(name) for names in asked if isinstance(names, list) for name in names)


def _arrival(signal: SignalView, checked_by: tuple[str, ...]) -> Iterator[StageView]:
    if signal.time is not None:
        yield _stage(signal, signal.time, "alert", "The time that the message carries.")
    checked = f" Checked by {', '.join(checked_by)}." if len(checked_by) > 1 else ""
    yield _stage(
        signal,
        signal.received_at,
        "received",
        f"From {signal.source}, as {signal.connection} ({signal.provider}).{checked}",
        (signal.provider, *checked_by),
    )
    stored = {
        "invalid": f"Refused: {signal.reason}",
        "duplicate": f"A copy of {signal.duplicate_of}; nothing is done twice.",
    }
    yield _stage(
        signal, signal.accepted_at, "stored", stored.get(signal.state, "Accepted: it is on the disk.")
    )
    if signal.routed_at is not None and signal.state not in stored:
        # An algorithm that closes and then opens runs twice, and is named once.
        runs = ", ".join(dict.fromkeys(run.algorithm for run in signal.runs))
        yield _stage(
            signal,
            signal.routed_at,
            "matched" if runs else "no match",
            f"To {runs}." if runs else signal.reason or "Received, but no algorithm matched.",
        )


def _of_order(signal: SignalView, order: OrderView, broker: str) -> Iterator[StageView]:
    where = {"algorithm": order.algorithm, "parent_id": order.id}
    what = " ".join(
        part for part in (_called(order), order.side, order.quantity, order.symbol) if part is not None
    ) + (f" for {order.size}" if order.size is not None else "")
    deciders = [note.by for note in order.notes]
    yield _stage(signal, order.created_at, "order", f"{what}. {_decided(order)}".strip(), deciders, **where)
    if order.admitted_at is not None:
        kind = f" {order.order_type}" if order.order_type is not None else ""
        sized = f" ({order.sized})" if order.sized is not None else ""
        yield _stage(
            signal,
            order.admitted_at,
            "admitted",
            f"{order.quantity} {order.symbol}{kind}{sized}, worked by the blueprint {order.blueprint}.",
            [order.blueprint],
            **where,
        )
    for child in order.children:
        yield from _of_child(signal, order, child, broker)
    if order.ended_at is not None:
        why = order.detail or order.reason
        yield _stage(
            signal,
            order.ended_at,
            order.state.value.replace("_", " "),
            why or f"Filled {order.filled}.",
            **where,
        )


def _called(order: OrderView) -> str:
    """An order by what it is for: "exit", or "reverse, leg 1: entry"."""
    if order.goal is None:
        return order.purpose.value
    if order.goal is Goal.ADD:
        return order.goal.value
    to = f" to {order.target}" if order.target is not None else ""
    return f"{order.goal}{to}, leg {order.leg}: {order.purpose}"


def _decided(order: OrderView) -> str:
    """What the message said and the algorithm said, where either said anything."""
    taken = [note.field for note in order.notes if note.received is not None and note.received == note.used]
    sentences = [f"Matched by {note.by}." for note in order.notes if note.field == MATCHED]
    sentences += [f"From the message: {', '.join(taken)}."] if taken else []
    for note in order.notes:
        if note.received == note.used or note.field == MATCHED:
            continue
        came = "absent" if note.received is None else f"{note.received} came"
        why = note.why if note.by in ("", DEFAULT) else f"{note.by}: {note.why}"
        sentences.append(f"{note.field}: {came}, {note.used or 'nothing'} is used ({why}).")
    return " ".join(sentences)


def _of_child(signal: SignalView, order: OrderView, child: ChildView, broker: str) -> Iterator[StageView]:
    where = {"algorithm": order.algorithm, "parent_id": order.id, "client_id": child.client_id}
    price = f" at {shown_price(child.limit_price)}" if child.limit_price is not None else ""
    if child.sent_at is not None:
        to = order.account if broker in ("", order.account) else f"{order.account} ({broker})"
        sent = f"{child.side} {child.quantity} {order.symbol} {child.order_type}{price} to {to}."
        yield _stage(signal, child.sent_at, "sent", sent, [broker], **where)
    if child.acknowledged_at is not None:
        yield _stage(
            signal,
            child.acknowledged_at,
            "acknowledged",
            f"The broker's order {child.broker_order_id}.",
            **where,
        )
    if child.ended_at is not None:
        why = child.detail or child.reason
        text = f"At the broker: {child.state.value.replace('_', ' ')}" + (f": {why}" if why else ".")
        yield _stage(signal, child.ended_at, "broker", text, **where)


def _judged(signal: SignalView, one: Judgement, names: dict[str, str]) -> StageView:
    asked = tuple(dict.fromkeys(verdict.guardian for verdict in one.verdicts))
    against = [verdict for verdict in one.verdicts if verdict.decision in (Decision.BLOCK, Decision.DELAY)]
    against = against or [verdict for verdict in one.verdicts if verdict.decision is Decision.TRIM]
    if against:
        said = " ".join(f"{verdict.guardian} ({verdict.scope}): {verdict.message}" for verdict in against)
    else:
        said = f"Nothing against it in {len(one.verdicts)} verdicts: {', '.join(asked)}."
    whose = names.get(one.parent_id)
    return _stage(signal, one.at, "guarded", said, asked, algorithm=whose, parent_id=one.parent_id)


def _executed(signal: SignalView, fill: FillView) -> StageView:
    fee = f", fee {fill.fee} {fill.fee_currency}" if fill.fee != "0" else ""
    return _stage(
        signal,
        fill.at,
        "fill",
        f"{fill.side} {fill.quantity} {fill.symbol} at {shown_price(fill.price)} {fill.currency}{fee}.",
        algorithm=fill.algorithm,
        parent_id=fill.parent_id,
        client_id=fill.client_id,
    )


def _noted(signal: SignalView, entry: Recorded, names: dict[str, str]) -> StageView:
    facts = ", ".join(f"{name} {value}" for name, value in entry.data.items() if isinstance(value, str | int))
    by = f"By {entry.by}: " if entry.kind is EntryKind.CHILD_RESOLVED and entry.by else ""
    return _stage(
        signal,
        entry.at,
        _FROM_THE_LEDGER[entry.kind],
        by + (entry.reason or facts or entry.kind.value),
        algorithm=names.get(entry.parent_id or ""),
        parent_id=entry.parent_id,
        client_id=entry.client_id,
    )
