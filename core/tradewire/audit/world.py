"""Everything that a history has told so far, as far as a later entry may contradict it.

Of what is live all is kept; of an ended order its id, quantity and fills, of a fill its id, quantity, price,
of a signal its id: some 1.2 kB for a signal with one order and one fill.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tradewire.audit.finding import MOST, Finding, FindingCode
from tradewire.audit.tracks import Child, ChildStage, Execution, Lane, Parent, ParentStage, Past, bare
from tradewire.ledger.read import Body


class World:
    """`partial`: the history begins later than at the first entry, so what it lacks may have been before."""

    def __init__(self, partial: bool) -> None:
        self.partial = partial
        self.unrouted: dict[str, tuple[int, datetime]] = {}
        self.expected: dict[str, tuple[int, set[str]]] = {}
        self.parents: dict[str, Parent] = {}
        self.ended: set[str] = set()
        self.children: dict[str, Child] = {}
        self.past: dict[str, Past] = {}
        self.executions: dict[tuple[str, str], Execution] = {}
        self.positions: dict[tuple[str, str, str], Decimal] = {}
        self.switches: dict[tuple[str, str], str] = {}
        self.stopped: set[str] = set()
        self.epochs: dict[str, int] = {}
        self.unknown: dict[Lane, set[str]] = defaultdict(set)
        self.accounts: set[str] = set()
        self.accepted: set[str] = set()
        self._pending: dict[tuple[str, str], dict[str, Parent]] = defaultdict(dict)
        self._lanes: dict[tuple[str, str], str] = {}
        self._own: dict[str, dict[str, Parent]] = defaultdict(dict)
        self.counts: dict[str, int] = {}
        self.findings: list[Finding] = []

    def note(
        self, code: FindingCode, sentence: str, number: int | None = None, about: Body | None = None
    ) -> None:
        self.counts[code.value] = self.counts.get(code.value, 0) + 1
        if len(self.findings) < MOST:
            self.findings.append(
                Finding(
                    code=code,
                    sentence=sentence,
                    number=number,
                    signal_id=about.signal_id if about else None,
                    parent_id=about.parent_id if about else None,
                    client_id=about.client_id if about else None,
                )
            )

    def begin(self, parent: Parent) -> None:
        self.parents[parent.id] = parent
        self._own[parent.algorithm_id][parent.id] = parent
        if parent.purpose != "cancel":
            self._pending[parent.account_id, parent.symbol][parent.id] = parent

    def admit(self, parent: Parent) -> None:
        """It left its lane's queue; from now on it is known what its symbol means there."""
        self._pending[parent.account_id, parent.symbol].pop(parent.id, None)
        self._lanes[parent.account_id, parent.symbol] = parent.instrument
        parent.stage = ParentStage.WORKING

    def end(self, parent: Parent) -> None:
        """Keep of an ended order only what a late report may contradict."""
        parent.stage = ParentStage.ENDED
        self._pending[parent.account_id, parent.symbol].pop(parent.id, None)
        if any(child.stage.is_open for child in parent.children.values()):
            return
        self.forget(parent)

    def forget(self, parent: Parent) -> None:
        self.parents.pop(parent.id, None)
        self._own[parent.algorithm_id].pop(parent.id, None)
        self.ended.add(parent.id)
        for child in parent.children.values():
            self.children.pop(child.id, None)
            self.past[child.id] = Past(child.quantity, child.filled, child.taken)

    def reached(self, child: Child, stage: ChildStage) -> None:
        """Move a child on, and its lane's list of unknown orders with it."""
        if stage is ChildStage.UNKNOWN:
            self.unknown[child.lane].add(child.id)
        elif child.stage is ChildStage.UNKNOWN:
            self.unknown[child.lane].discard(child.id)
        child.stage = stage
        child.taken = child.taken or stage is ChildStage.TAKEN
        parent = child.parent
        if parent.stage is ParentStage.ENDED and not any(
            one.stage.is_open for one in parent.children.values()
        ):
            self.forget(parent)

    def own(self, parent: Parent) -> Iterator[Parent]:
        """The live orders of the same algorithm that were accepted before."""
        for other in self._own[parent.algorithm_id].values():
            if other.place < parent.place and other.stage is not ParentStage.ENDED:
                yield other

    def waiting_before(self, parent: Parent) -> Parent | None:
        """An order of the same lane that was accepted before and is not admitted yet."""
        for (account_id, symbol), queue in self._pending.items():
            if account_id != parent.account_id or not queue:
                continue
            lane = self._lanes.get((account_id, symbol))
            same = lane == parent.instrument if lane is not None else bare(symbol) == bare(parent.symbol)
            for first in queue.values() if same else ():
                if first.place >= parent.place or first is parent:
                    break
                if not first.patient or first.algorithm_id == parent.algorithm_id:
                    return first
        return None

    def is_lane_of(self, other: Parent, lane: Lane, symbol: str) -> bool:
        """Whether an order, admitted or not, is for this lane; `symbol` is how another one called it."""
        known = other.instrument or self._lanes.get((other.account_id, other.symbol))
        same = known == lane.instrument if known else bare(other.symbol) == bare(symbol)
        return same and other.account_id == lane.account_id

    def halted(self, parent: Parent) -> str | None:
        """The scope whose switch forbids the order to be sent; None where none does."""
        for scope, scope_id in (
            ("global", ""),
            ("account", parent.account_id),
            ("algorithm", parent.algorithm_id),
        ):
            state = self.switches.get((scope, scope_id))
            if state == "halted" or (state == "reducing" and parent.purpose != "exit"):
                return scope
        return None
