"""An algorithm's own orders in one lane: which of them a later one waits for, cancels, or counts. Pure."""

from decimal import Decimal

from tradewire.domain import ids
from tradewire.domain.instrument import Instrument
from tradewire.domain.order import Goal, ParentOrder, ParentState, Purpose, Side
from tradewire.domain.quantity import ZERO
from tradewire.engine.account_view import AccountView, Holding
from tradewire.engine.changes import Changes

_ADMITTED = (ParentState.WORKING, ParentState.PAUSED)


class OwnOrders:
    """One account's, at one moment, with what the plan under way has changed so far."""

    def __init__(self, view: AccountView, changes: Changes) -> None:
        self._view = view
        self._changes = changes

    def close_of(self, parent: ParentOrder) -> ParentOrder | None:
        """The first leg of a second one, whatever has become of it."""
        if parent.leg == 0:
            return None
        first = ids.parent_id(parent.signal_id, parent.algorithm_id)
        return self._changes.parents.get(first) or self._view.closes.get(first)

    def holding(self, parent: ParentOrder, instrument: Instrument) -> Holding | None:
        mine = (parent.account_id, parent.algorithm_id, instrument.id)
        return next(
            (
                one
                for one in self._view.holdings
                if (one.account_id, one.algorithm_id, one.instrument_id) == mine
            ),
            None,
        )

    def opposing(self, parent: ParentOrder, instrument: Instrument) -> list[ParentOrder]:
        """The admitted ones before it that are cancelled and must end first.

        What closes cancels all, so that it is sized by what was really filled. Where only one side closes and
        holds nothing to close, orders on that side are left alone: they may be the other half of a signal
        that overtook this one. So are exits that close what is held, unless something is to be opened
        after them: they lead to flat, and this one does not.
        """
        before = self.before(parent, instrument)
        if parent.cancel_first or (parent.purpose is Purpose.EXIT and parent.side is None):
            return before
        own = self._own(parent, instrument)
        if parent.goal is Goal.ADD:
            return [other for other in before if other.side is not None and own * other.side.sign < 0]
        if parent.purpose is Purpose.EXIT and parent.side is not None and own * parent.side.sign < 0:
            return before
        keeps_exits = _opens_nothing(parent)
        return [
            other
            for other in before
            if other.side is not parent.side and not (keeps_exits and _closes(other, own))
        ]

    def taken_back(self, parent: ParentOrder) -> Decimal:
        """What had not filled of the entries that were cancelled for it, or for its first leg."""
        mine = {parent.id}
        if parent.leg > 0:
            mine.add(ids.parent_id(parent.signal_id, parent.algorithm_id))
        gave_way = {one.id: one for one in self._view.gave_way}
        gave_way |= {one.id: one for one in self._changes.admitted_of(parent.algorithm_id)}
        return sum(
            (
                one.remaining
                for one in gave_way.values()
                if one.made_way_for in mine and one.purpose is Purpose.ENTRY
            ),
            ZERO,
        )

    def exits_before(self, parent: ParentOrder, instrument: Instrument) -> bool:
        """Whether an entry must let an exit of the other side finish: cut short, it would leave a position
        that the entry comes on top of."""
        opens = parent.purpose is Purpose.ENTRY and not _opens_nothing(parent)
        return opens and any(
            other.purpose is Purpose.EXIT and other.side is not parent.side
            for other in self.before(parent, instrument)
        )

    def entries_before(self, parent: ParentOrder, instrument: Instrument) -> bool:
        """Whether entries before it may still make a position that it would be added to."""
        return any(other.purpose is Purpose.ENTRY for other in self.before(parent, instrument))

    def opening(self, parent: ParentOrder, instrument: Instrument) -> Decimal:
        """What the entries before it may still add on its side."""
        return sum(
            (
                other.remaining
                for other in self.before(parent, instrument)
                if other.purpose is Purpose.ENTRY and other.side is parent.side
            ),
            ZERO,
        )

    def entries(self, parent: ParentOrder, side: Side, instrument: Instrument) -> int:
        """How many entries on `side` make up the position as it is, and as orders at work may make it.

        None of it counts where the position is on the other side: what passes zero begins a new one.
        """
        holding = self.holding(parent, instrument)
        quantity = holding.quantity if holding is not None else ZERO
        if quantity * side.sign < 0:
            return 0
        episode = holding.episode if holding is not None else 0
        filled = holding.entries if holding is not None and quantity != 0 else 0
        return filled + sum(
            1
            for other in self.before(parent, instrument)
            if other.purpose is Purpose.ENTRY and other.side is side and other.episode != episode
        )

    def is_flat(self, parent: ParentOrder, instrument: Instrument) -> bool:
        return self._own(parent, instrument) == 0

    def overtaken(
        self, parent: ParentOrder, waiting: list[ParentOrder], instrument: Instrument
    ) -> list[ParentOrder]:
        """Which of its algorithm's orders that wait a long time before it an exit makes pointless.

        A reversal makes none: what it does depends on what they do. One that closes one side makes those
        that lead there pointless, but none where another waits among them: that may build on them.
        """
        if parent.purpose is not Purpose.EXIT or parent.goal is Goal.REVERSE:
            return []
        if parent.side is None:
            return waiting
        closed = parent.side.opposite
        return waiting if all(self._leads_to(closed, other, instrument) for other in waiting) else []

    def _leads_to(self, side: Side, parent: ParentOrder, instrument: Instrument) -> bool:
        """An addition leads where the position does, or the entries that are to make one."""
        if parent.goal is not Goal.ADD:
            return parent.side is side
        own = self._own(parent, instrument)
        if own != 0:
            return own * side.sign > 0
        entries = [one for one in self.before(parent, instrument) if one.purpose is Purpose.ENTRY]
        return all(one.side is side for one in entries)

    def before(self, parent: ParentOrder, instrument: Instrument) -> list[ParentOrder]:
        """The algorithm's own admitted ones of an earlier signal, or of an earlier leg."""
        return [
            other
            for other in self._changes.admitted_of(parent.algorithm_id)
            if other.seq < parent.seq and other.instrument_id == instrument.id and other.state in _ADMITTED
        ]

    def _own(self, parent: ParentOrder, instrument: Instrument) -> Decimal:
        holding = self.holding(parent, instrument)
        return holding.quantity if holding is not None else ZERO


def _opens_nothing(parent: ParentOrder) -> bool:
    """Whether an order, and the other leg of its signal, at most closes."""
    if parent.goal is Goal.TARGET:
        return parent.target == 0
    return parent.purpose is Purpose.EXIT and parent.goal is None


def _closes(parent: ParentOrder, own: Decimal) -> bool:
    """Whether an admitted order closes something of the position."""
    return parent.purpose is Purpose.EXIT and parent.side is not None and own * parent.side.sign < 0
