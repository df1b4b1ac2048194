"""The rules by which pending orders start, in which order and at which size: what every run of the worker is
held against."""

from collections.abc import Sequence
from decimal import Decimal

from core.engine.reference_model import wanted
from tradewire.domain import ids
from tradewire.domain.order import Goal, ParentOrder, ParentState, Purpose
from tradewire.domain.quantity import ZERO

#: Signed, by algorithm and instrument.
Held = dict[tuple[str, str], Decimal]

#: Why an order ended for which there was nothing to do.
NOTHING_TO_DO = (
    "nothing_to_exit",
    "nothing_to_close",
    "nothing_to_reverse",
    "nothing_to_add_to",
    "target_reached",
    "already_past",
    "closed_only",
    "taken_back",
)


def lane_of(parent: ParentOrder) -> tuple[str, str]:
    return parent.account_id, parent.instrument_id or parent.symbol.removeprefix("NASDAQ:")


class AdmissionRules:
    """What was seen at earlier runs is remembered here, not asked of the engine again."""

    def __init__(self) -> None:
        #: The last order admitted of each algorithm in each lane.
        self._admitted: dict[tuple[str, str, str], int] = {}
        #: Of each entry that was cancelled for a later order, which one that is.
        self._made_way: dict[str, str] = {}

    def came_in_its_turn(self, parent: ParentOrder, lane: Sequence[ParentOrder]) -> None:
        """An algorithm's own orders start in the order of their signals, and another's pass only what its own
        algorithm holds back for hours."""
        own_lane = (*lane_of(parent), parent.algorithm_id)
        assert self._admitted.get(own_lane, 0) < parent.seq, "an algorithm is obeyed in order"
        self._admitted[own_lane] = parent.seq
        waiting = [one for one in lane if one.state is ParentState.PENDING and one.seq < parent.seq]
        held_back = {one.algorithm_id: one for one in reversed(waiting) if _may_wait_for_hours(one)}
        for passed in waiting:
            assert passed.algorithm_id != parent.algorithm_id, "an algorithm is obeyed in order"
            assert passed.algorithm_id in held_back, "a lane keeps its order"
            assert held_back[passed.algorithm_id].seq <= passed.seq, "a lane keeps its order"
        if parent.purpose is Purpose.EXIT:
            working = [one for one in lane if one.state is ParentState.WORKING and one.seq < parent.seq]
            own = [one for one in working if one.algorithm_id == parent.algorithm_id]
            assert not own, "what closes first ends the algorithm's own orders"

    def entries_made_way(self, parents: Sequence[ParentOrder]) -> None:
        """What an entry was cancelled for is a later order of its own, and remains so."""
        by_id = {one.id: one for one in parents}
        for entry in parents:
            if entry.id in self._made_way:
                assert entry.made_way_for == self._made_way[entry.id], "taken back for one order alone"
            elif entry.made_way_for is not None and entry.purpose is Purpose.ENTRY:
                later = by_id[entry.made_way_for]
                assert entry.cancel_requested
                assert later.seq > entry.seq
                assert later.algorithm_id == entry.algorithm_id
                assert lane_of(later) == lane_of(entry)
                self._made_way[entry.id] = later.id

    def sized_as_the_model_says(
        self, parents: Sequence[ParentOrder], before: dict[str, ParentOrder], held: Held, multiplier: Decimal
    ) -> None:
        """Every order that was pending and is not any more, against the reference model."""
        for parent in parents:
            was = before[parent.id]
            if was.state is not ParentState.PENDING or parent.purpose is Purpose.CANCEL:
                continue
            if parent.admitted_at is None and parent.reason not in NOTHING_TO_DO:
                continue
            if parent.goal is Goal.TARGET and parent.leg and any(one.cancel_requested for one in parents):
                # Another signal may have cancelled since what led there.
                continue
            quantity = self._wanted(was, parent, parents, held, multiplier)
            if parent.admitted_at is None:
                assert quantity == 0, (parent, held)
            elif parent.detail is None:
                assert parent.quantity == quantity, (parent, held, quantity)
            else:
                # A guardian may trim an entry.
                assert parent.quantity is not None
                assert parent.quantity <= quantity

    def _wanted(
        self,
        was: ParentOrder,
        parent: ParentOrder,
        parents: Sequence[ParentOrder],
        held: Held,
        multiplier: Decimal,
    ) -> Decimal:
        """How much `parent` trades, that `was` waiting before the run."""
        first_leg = ids.parent_id(parent.signal_id, parent.algorithm_id)
        close = next((one for one in parents if parent.leg and one.id == first_leg), None)
        assert close is None or not close.state.is_live, "an opening waits for its close"
        _, instrument = lane_of(parent)
        own = held.get((parent.algorithm_id, instrument), ZERO)
        side = parent.side if was.side is None else was.side
        entries = [one for one in parents if one.purpose is Purpose.ENTRY]
        opening = [
            one.remaining
            for one in entries
            if one.algorithm_id == parent.algorithm_id
            and one.instrument_id == instrument
            and one.state in (ParentState.WORKING, ParentState.PAUSED)
            and one.seq < parent.seq
            and one.side is side
        ]
        signals_own = {parent.id, first_leg if parent.leg else parent.id}
        taken_back = [one.remaining for one in entries if self._made_way.get(one.id) in signals_own]
        return wanted(was, own, close, sum(opening, ZERO), multiplier, sum(taken_back, ZERO))


def _may_wait_for_hours(parent: ParentOrder) -> bool:
    """An opening may, for its close, and an addition, for the entry that it adds to."""
    return parent.leg == 1 or parent.goal is Goal.ADD
