"""What the bench found: one line each, with its goal and how it was measured."""

import math
from collections.abc import Sequence
from statistics import median

import msgspec


class Figure(msgspec.Struct):
    """`met` None: there is no goal. `values` are those of the single runs, of which `value` is the median."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    note: str = ""
    values: list[float] = []

    def shown(self) -> str:
        digits = 0 if abs(self.value) >= 100 else 1 if abs(self.value) >= 10 else 2
        return f"{self.value:,.{digits}f} {self.unit}".strip()


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: the smallest value that at least `percent` of all do not exceed; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def at_most(name: str, values: Sequence[float], unit: str, goal: float, note: str = "") -> Figure:
    """A figure that should not exceed its goal."""
    found = median(values)
    return Figure(name, found, unit, f"<= {goal:g} {unit}", found <= goal, note, list(values))


def at_least(name: str, values: Sequence[float], unit: str, goal: float, note: str = "") -> Figure:
    found = median(values)
    return Figure(name, found, unit, f">= {goal:g} {unit}".strip(), found >= goal, note, list(values))


def told(name: str, values: Sequence[float], unit: str, note: str = "") -> Figure:
    """A figure without a goal."""
    return Figure(name, median(values), unit, note=note, values=list(values))
