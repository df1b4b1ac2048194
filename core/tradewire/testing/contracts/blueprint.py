"""What every blueprint keeps to, whatever the broker and the user do."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from tradewire.contract.blueprint import Blueprint
from tradewire.domain.order import ChildState, ParentState, Side
from tradewire.testing import builders
from tradewire.testing.contracts.params import decoded, refuses_unknown
from tradewire.testing.worked import WorkedOrder

#: A blueprint that places this often without an end has none.
_STEPS = 500
_HOUR_S = 3600


class BlueprintContract:
    """`params` are as the user writes them; `view` are fields of the `StepView` that it needs otherwise.

    `WorkedOrder` checks at each step that filled and open never exceed the order, that a child is a multiple
    of the lot, that nothing is placed after a cancel, that the same view gets the same answer, and that the
    end fits the fills.
    """

    blueprint: ClassVar[Blueprint]
    params: ClassVar[Mapping[str, Any]] = {}
    view: ClassVar[Mapping[str, Any]] = {}

    def worked(self, **parent: Any) -> WorkedOrder:
        params = decoded(self.params, self.blueprint.Params)
        return WorkedOrder(self.blueprint, params, builders.parent(**parent), **self.view)

    def test_it_has_a_name(self) -> None:
        assert self.blueprint.name.isidentifier()

    def test_its_parameters_are_read_and_others_refused(self) -> None:
        decoded(self.params, self.blueprint.Params)
        assert refuses_unknown(self.blueprint.Params, self.params)

    def test_it_finds_nothing_wrong_with_a_plain_order_and_says_what_is_wrong_in_sentences(self) -> None:
        view = builders.step_view(**self.view)
        params = decoded(self.params, self.blueprint.Params)
        assert self.blueprint.validate(view.parent, params, view.instrument, view.capabilities) == ()
        nothing = builders.capabilities(orders=())
        for problem in self.blueprint.validate(view.parent, params, view.instrument, nothing):
            assert problem.strip().endswith("."), f"{problem!r} is no sentence"

    def test_it_fills_the_whole_order_on_either_side(self) -> None:
        for side in Side:
            order = self.worked(side=side)
            for _ in _until_finished(order):
                for index in order.open_children():
                    order.fill(index)
            assert order.finish is not None
            assert order.finish.state is ParentState.FILLED
            assert order.filled() == order.parent.quantity

    def test_fills_in_pieces_come_to_the_same(self) -> None:
        order = self.worked()
        for _ in _until_finished(order):
            for index in order.open_children():
                order.fill(index, Decimal(3))
        assert order.filled() == order.parent.quantity

    def test_it_ends_when_the_broker_refuses(self) -> None:
        order = self.worked()
        for _ in _until_finished(order):
            for index in order.open_children():
                order.end(index, ChildState.REJECTED, reason="insufficient_funds", detail="No funds.")
        assert order.filled() == 0

    def test_a_cancelled_order_ends_with_what_is_filled(self) -> None:
        order = self.worked()
        order.step()
        for index in order.open_children():
            order.fill(index, Decimal(1))
        order.cancel()
        for _ in _until_finished(order):
            for index in order.open_children():
                assert order.children[index].cancel_requested, "a child is left open after a cancel"
                order.end(index, ChildState.CANCELLED)

    def test_a_child_of_unknown_fate_counts_as_open(self) -> None:
        order = self.worked()
        order.step()
        for index in order.open_children():
            order.change(index, state=ChildState.UNKNOWN)
        for _ in range(3):
            order.step()
            order.pass_time(1)
        assert order.filled() + order.working() <= (order.parent.quantity or 0)

    def test_it_waits_without_a_quote_or_ends_in_words(self) -> None:
        params = decoded(self.params, self.blueprint.Params)
        order = WorkedOrder(self.blueprint, params, None, **{**self.view, "quote": None})
        order.step()
        assert not order.stands_still(), "without a quote the order would stand for ever"
        if order.finish is not None:
            assert order.finish.message.strip().endswith("."), f"{order.finish.message!r} is no sentence"


def _until_finished(order: WorkedOrder) -> Iterator[None]:
    """Steps until the end; the caller says after each step what the broker does."""
    for _ in range(_STEPS):
        order.step()
        if order.finish is not None:
            return
        assert not order.stands_still(), "nothing is open, nothing is waited for, and it has not ended"
        yield
        late = (order.wake_at - order.now).total_seconds() if order.wake_at is not None else 0
        order.pass_time(min(max(late, 1), _HOUR_S))
    raise AssertionError(f"it has not come to an end after {_STEPS} steps")
