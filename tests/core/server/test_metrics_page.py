"""The page of metrics names every metric and stage of the code, and no other."""

import re
from pathlib import Path

from tradewire.domain.observer import Stage
from tradewire.server.metrics import Metrics

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text("utf-8")


def test_every_metric_stands_on_the_page_with_its_kind() -> None:
    told = set(re.findall(r"^\| `(tradewire_[a-z_]+)` \| ([a-z]+) \|", PAGE, re.MULTILINE))
    known = {
        (family.name + ("_total" if family.type == "counter" else ""), family.type)
        for family in Metrics().registry.collect()
    }
    assert told == known


def test_every_stage_stands_on_the_page() -> None:
    assert re.findall(r"^\| `([a-z]+)` \| [^|]+ \|$", PAGE, re.MULTILINE) == [stage.value for stage in Stage]
