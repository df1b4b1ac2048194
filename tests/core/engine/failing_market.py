"""The blueprint `market`, which fails where it is told to."""

from tradewire import Step, StepView
from tradewire_market.market import Market


class FailingMarket(Market):
    """Fails once an order is placed, for the algorithm that is named in `fails_for`."""

    def __init__(self) -> None:
        self.fails_for: str | None = None

    def step(self, view: StepView) -> Step:
        if view.children and view.parent.algorithm_id == self.fails_for:
            raise RuntimeError("It was told to fail.")
        return super().step(view)
