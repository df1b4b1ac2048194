"""Checking a history: every entry against what came before, then what is left open, then other lists."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from tradewire.audit import children, fills, parents, posts, signals, switched, venue
from tradewire.audit.finding import MOST, Finding, FindingCode, Report
from tradewire.audit.tracks import ParentStage
from tradewire.audit.world import World
from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.damage import Verification
from tradewire.ledger.export import Line
from tradewire.ledger.read import Body, decode_body

Rule = Callable[[World, int, Body], None]

#: After so long without a word about it, what was accepted and has not ended is lost.
GRACE = timedelta(seconds=120)

RULES: Mapping[EntryKind, Rule] = {
    EntryKind.SIGNAL_ACCEPTED: signals.accepted,
    EntryKind.SIGNAL_ROUTED: signals.routed,
    EntryKind.SIGNAL_NO_MATCH: signals.ended,
    EntryKind.SIGNAL_FAILED: signals.ended,
    EntryKind.PARENT_CREATED: parents.created,
    EntryKind.PARENT_SKIPPED: parents.skipped,
    EntryKind.PARENT_GUARDED: parents.guarded,
    EntryKind.PARENT_ADMITTED: parents.admitted,
    EntryKind.PARENT_WAITING: parents.waiting,
    EntryKind.PARENT_PAUSED: parents.waiting,
    EntryKind.PARENT_CANCEL_REQUESTED: parents.cancel_requested,
    EntryKind.PARENT_ENDED: parents.ended,
    EntryKind.CHILD_CREATED: children.created,
    EntryKind.CHILD_SENT: children.sent,
    EntryKind.CHILD_ACKNOWLEDGED: children.acknowledged,
    EntryKind.CHILD_REJECTED: children.rejected,
    EntryKind.CHILD_UNKNOWN: children.unknown,
    EntryKind.CHILD_LOOKED_UP: children.looked_up,
    EntryKind.CHILD_CANCEL_REQUESTED: children.cancel_requested,
    EntryKind.CHILD_ENDED: children.ended,
    EntryKind.CHILD_RESOLVED: children.resolved,
    EntryKind.FILL_STORED: fills.stored,
    EntryKind.ACCOUNT_ADDED: switched.account,
    EntryKind.ACCOUNT_DRIFT: fills.drifted,
    EntryKind.ALGORITHM_STARTED: switched.started,
    EntryKind.ALGORITHM_STOPPED: switched.stopped,
    EntryKind.ALGORITHM_EXPIRED: switched.stopped,
    EntryKind.SWITCH_CHANGED: switched.switch,
}


class History:
    """Fed line by line, in order; `report` ends it."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._entries = self._orders = self._fills = 0
        self._last: datetime | None = None

    def feed(self, line: Line) -> None:
        """Raises `Unhonoured` for a line whose body is no entry."""
        try:
            body = decode_body(line.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unhonoured(f"Entry {line.number} cannot be read: {error}.") from error
        if self._world is None:
            self._world = World(partial=line.number != 1)
        self._entries += 1
        self._orders += body.kind is EntryKind.CHILD_CREATED
        self._fills += body.kind is EntryKind.FILL_STORED
        self._last = body.at if self._last is None else max(self._last, body.at)
        rule = RULES.get(body.kind)
        if rule is not None:
            rule(self._world, line.number, body)

    def report(
        self,
        *,
        settled: bool = False,
        book: venue.VenueBook | None = None,
        acknowledged: Sequence[posts.Post] = (),
    ) -> Report:
        """What was found. `settled`: nothing was going on any more, so whatever is open is a finding."""
        world = self._world or World(partial=False)
        if self._last is not None:
            _open(world, None if settled else self._last - GRACE)
        posts.compare(world, acknowledged)
        if book is not None:
            venue.compare(world, book)
        return Report(
            ok=not world.counts,
            entries=self._entries,
            accepted=len(world.accepted),
            orders=self._orders,
            fills=self._fills,
            live=sum(one.stage is not ParentStage.ENDED for one in world.parents.values()),
            unknown=sum(map(len, world.unknown.values())),
            counts=dict(sorted(world.counts.items())),
            findings=tuple(world.findings),
        )


def check(
    lines: Iterable[Line],
    *,
    settled: bool = False,
    book: venue.VenueBook | None = None,
    acknowledged: Sequence[posts.Post] = (),
) -> Report:
    """Check an exported history; see `History`."""
    history = History()
    for line in lines:
        history.feed(line)
    return history.report(settled=settled, book=book, acknowledged=acknowledged)


def with_damage(report: Report, verified: Verification) -> Report:
    """The report, and before its findings what verifying the chain has found."""
    if verified.ok:
        return report
    damage = tuple(
        Finding(code=FindingCode.DAMAGED, sentence=problem.sentence, number=problem.number)
        for problem in verified.problems
    )
    return msgspec.structs.replace(
        report,
        ok=False,
        counts={FindingCode.DAMAGED.value: verified.found, **report.counts},
        findings=(*damage, *report.findings)[:MOST],
    )


def _open(world: World, quiet_before: datetime | None) -> None:
    """What has not ended. `quiet_before` None: nothing may be open; else only what was silent since then."""
    for signal, (number, at) in world.unrouted.items():
        if quiet_before is None or at < quiet_before:
            world.note(FindingCode.LOST, f"Signal {signal} was accepted, and nothing came of it.", number)
    for signal, (count, seen) in world.expected.items():
        text = f"Signal {signal} concerned {count} algorithms, and {len(seen)} have an order for it."
        world.note(FindingCode.LOST, text)
    for parent in world.parents.values():
        if parent.stage is ParentStage.ENDED:
            continue
        if quiet_before is None:
            states = ", ".join(one.stage.name.lower() for one in parent.children.values()) or "none"
            text = f"Order {parent.id} had not ended; its orders at the broker: {states}."
            world.note(FindingCode.UNFINISHED, text)
        elif _is_silent(parent.stage, parent.shown) and (parent.quiet_since or quiet_before) < quiet_before:
            world.note(FindingCode.LOST, f"Order {parent.id} was created, and nothing came of it.")


def _is_silent(stage: ParentStage, shown: bool) -> bool:
    return stage is ParentStage.PENDING and not shown
