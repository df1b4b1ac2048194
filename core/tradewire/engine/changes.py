"""What a plan changes: collected while planning, written in one transaction afterwards."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from tradewire.brokerage.market_view import Want
from tradewire.domain.base import Struct
from tradewire.domain.instrument import Instrument
from tradewire.domain.ledger import Entry
from tradewire.domain.order import ChildOrder, ChildState, ParentOrder
from tradewire.domain.verdict import Verdict
from tradewire.engine.account_view import AccountView


class Before(Struct):
    """How one parent and its children stood in a plan at one moment. `touched` holds of each child that had
    been changed by then what is kept of it; `cancels` and `entries` are how many there were."""

    parent: ParentOrder
    was_changed: bool
    children: tuple[ChildOrder, ...]
    new_children: tuple[ChildOrder, ...]
    touched: dict[str, tuple[ChildOrder, frozenset[str], ChildState]]
    cancels: int
    entries: int


class Changes:
    """A working copy of one account's orders, and everything about it that is new.

    `more` says that further pending orders were left for the next plan, `reach` how far that one is to read
    (`inbox.read_inbox`), and `is_behind` that there were more than this one was shown. `expected` holds the
    state in which each changed child was read; the write is void where it has moved on. `child_fields` names
    what was changed of it, and no more is written: reports go on changing the rest.
    """

    def __init__(self, view: AccountView) -> None:
        self.parents: dict[str, ParentOrder] = {parent.id: parent for parent in view.parents}
        self.children: dict[str, list[ChildOrder]] = {
            parent_id: list(children) for parent_id, children in view.children.items()
        }
        self.changed_parents: dict[str, ParentOrder] = {}
        self.new_children: list[ChildOrder] = []
        self.changed_children: dict[str, ChildOrder] = {}
        self.child_fields: dict[str, frozenset[str]] = {}
        self.expected: dict[str, ChildState] = {}
        self.verdicts: list[tuple[str, tuple[Verdict, ...]]] = []
        self.entries: list[Entry] = []
        self.instruments: dict[str, Instrument] = {}
        self.wants: set[Want] = set()
        self.cancels: list[ChildOrder] = []
        self.more = False
        self._now = view.now
        self.reach = view.reach
        self.is_behind = view.cut
        self._admitted: dict[str, dict[str, ParentOrder]] = {}
        for parent in view.parents:
            self._note_admitted(parent)

    @property
    def is_empty(self) -> bool:
        return not (
            self.changed_parents
            or self.new_children
            or self.changed_children
            or self.verdicts
            or self.instruments
        )

    def change(self, parent: ParentOrder, **fields: Any) -> ParentOrder:
        changed = msgspec.structs.replace(self.parents[parent.id], **fields)
        self.parents[parent.id] = changed
        self.changed_parents[parent.id] = changed
        self._note_admitted(changed)
        return changed

    @property
    def next_look(self) -> datetime | None:
        """When something is due next by its time; what this plan looked at and left due waits for something
        else than a time."""
        times = [
            one.wake_at
            for one in self.parents.values()
            if one.wake_at is not None and (one.wake_at > self._now or one.id in self.changed_parents)
        ]
        return min(times, default=None)

    @property
    def at_work(self) -> int:
        """How many orders are admitted and have not ended."""
        return sum(one.state.is_live for those in self._admitted.values() for one in those.values())

    def admitted_of(self, algorithm_id: str) -> Iterable[ParentOrder]:
        """An algorithm's orders that were admitted, also those that have ended in this plan."""
        return self._admitted.get(algorithm_id, {}).values()

    def _note_admitted(self, parent: ParentOrder) -> None:
        if parent.admitted_at is not None:
            self._admitted.setdefault(parent.algorithm_id, {})[parent.id] = parent

    def children_of(self, parent: ParentOrder) -> tuple[ChildOrder, ...]:
        return tuple(self.children.get(parent.id, ()))

    def place(self, child: ChildOrder) -> None:
        self.children.setdefault(child.parent_id, []).append(child)
        self.new_children.append(child)

    def take_back(self, child: ChildOrder) -> None:
        """A child that this very plan placed is not placed after all."""
        id_ = child.client_id
        self.children[child.parent_id] = [
            one for one in self.children[child.parent_id] if one.client_id != id_
        ]
        self.new_children = [one for one in self.new_children if one.client_id != id_]
        self.entries = [one for one in self.entries if one.client_id != id_]

    def change_child(self, child: ChildOrder, **fields: Any) -> ChildOrder:
        """Change a stored child, or one that this very plan placed."""
        changed = msgspec.structs.replace(child, **fields)
        family = self.children[child.parent_id]
        family[[one.client_id for one in family].index(child.client_id)] = changed
        for index, new in enumerate(self.new_children):
            if new.client_id == child.client_id:
                self.new_children[index] = changed
                return changed
        self.expected.setdefault(child.client_id, child.state)
        self.changed_children[child.client_id] = changed
        named = self.child_fields.get(child.client_id, frozenset())
        self.child_fields[child.client_id] = named | fields.keys()
        return changed

    def before(self, parent: ParentOrder) -> Before:
        """What `undo` leads back to, as long as nothing but this parent and its children is changed."""
        children = self.children_of(parent)
        return Before(
            parent=self.parents[parent.id],
            was_changed=parent.id in self.changed_parents,
            children=children,
            new_children=tuple(self.new_children),
            touched={
                id_: (self.changed_children[id_], self.child_fields[id_], self.expected[id_])
                for id_ in (child.client_id for child in children)
                if id_ in self.changed_children
            },
            cancels=len(self.cancels),
            entries=len(self.entries),
        )

    def undo(self, before: Before) -> None:
        """Forget everything about one parent since then."""
        parent = before.parent
        for child in before.children:
            for noted in (self.changed_children, self.child_fields, self.expected):
                noted.pop(child.client_id, None)
        for id_, (child, fields, state) in before.touched.items():
            self.changed_children[id_], self.child_fields[id_], self.expected[id_] = child, fields, state
        self.children[parent.id] = list(before.children)
        self.new_children = list(before.new_children)
        del self.cancels[before.cancels :]
        del self.entries[before.entries :]
        self.parents[parent.id] = parent
        if before.was_changed:
            self.changed_parents[parent.id] = parent
        else:
            self.changed_parents.pop(parent.id, None)
        self._note_admitted(parent)
