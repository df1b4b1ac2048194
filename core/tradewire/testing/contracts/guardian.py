"""What every guardian keeps to."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from tradewire.answers import sound
from tradewire.contract.guardian import GuardedOrder, Guardian, GuardView
from tradewire.domain.exposure import Exposure
from tradewire.domain.order import Purpose, Side
from tradewire.domain.verdict import Decision, Scope, Verdict
from tradewire.testing import builders
from tradewire.testing.contracts.params import decoded, refuses_unknown


class GuardianContract:
    """`params` are as the user writes them."""

    guardian: ClassVar[Guardian]
    params: ClassVar[Mapping[str, Any]] = {}

    def verdict(self, order: GuardedOrder, view: GuardView) -> Verdict:
        params = decoded(self.params, self.guardian.Params)
        return self.guardian.guard(order, msgspec.structs.replace(view, params=params))

    def test_it_has_a_name_and_scopes(self) -> None:
        assert self.guardian.name.isidentifier()
        assert self.guardian.scopes
        assert self.guardian.always <= self.guardian.scopes <= frozenset(Scope)

    def test_its_parameters_are_read_and_others_refused(self) -> None:
        decoded(self.params, self.guardian.Params)
        assert refuses_unknown(self.guardian.Params, self.params)

    def test_it_answers_whatever_is_missing(self) -> None:
        for order in _orders():
            for view in _views(self.guardian):
                sound(self.verdict(order, view), Verdict)

    def test_it_says_why_in_a_sentence(self) -> None:
        for order in _orders():
            for view in _views(self.guardian):
                verdict = self.verdict(order, view)
                assert verdict.reason.replace("_", "").isalnum(), f"{verdict.reason!r} is no code"
                assert verdict.message.strip().endswith("."), f"{verdict.message!r} is no sentence"

    def test_what_trims_or_delays_says_how_much(self) -> None:
        for order in _orders():
            for view in _views(self.guardian):
                verdict = self.verdict(order, view)
                if verdict.decision is Decision.TRIM:
                    assert verdict.quantity is not None
                    assert 0 <= verdict.quantity <= order.quantity
                if verdict.decision is Decision.DELAY:
                    assert verdict.until is not None
                    assert verdict.until > view.now

    def test_it_says_the_same_twice(self) -> None:
        for order in _orders():
            for view in _views(self.guardian):
                assert self.verdict(order, view) == self.verdict(order, view)


def _orders() -> Iterator[GuardedOrder]:
    for purpose in (Purpose.ENTRY, Purpose.EXIT):
        for side in Side:
            yield builders.guarded_order(purpose=purpose, side=side)


def _views(guardian: Guardian) -> Iterator[GuardView]:
    blind = {"quote": None, "rate": None, "equity": None, "exposure": Exposure(instrument_id="AAPL")}
    held = Exposure(instrument_id="AAPL", position=Decimal(50), live_sell=Decimal(20), mark=Decimal(100))
    for scope in guardian.scopes:
        yield builders.guard_view(scope=scope)
        yield builders.guard_view(scope=scope, **blind)
        yield builders.guard_view(scope=scope, exposure=held, exposures=(held,), released=True)
