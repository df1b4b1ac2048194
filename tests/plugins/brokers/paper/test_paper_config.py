from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tradewire import AccountMode, DedupeClass, Unhonoured
from tradewire_paper import broker
from tradewire_paper.capabilities import CAPABILITIES
from tradewire_paper.config import FIELDS, Hours, PaperConfig, read_config
from tradewire_paper.faults import Fault, FaultKind
from tradewire_paper.paper import PaperBroker


def test_the_plugin_brings_one_broker_named_paper() -> None:
    (paper,) = broker()
    assert isinstance(paper, PaperBroker)
    assert paper.name == "paper"
    assert paper.manifest.modes == (AccountMode.PAPER,)


def test_every_field_of_the_configuration_is_described_with_its_default() -> None:
    defaults = {field.name: field.default for field in FIELDS}
    assert defaults == {
        name: msgspec.to_builtins(getattr(PaperConfig(), name)) for name in PaperConfig.__struct_fields__
    }
    assert all(field.description and not field.secret for field in FIELDS)


def test_the_defaults_are_read_from_nothing() -> None:
    assert read_config({}) == PaperConfig()
    assert PaperConfig().starting_cash == 100000
    assert CAPABILITIES.dedupe is DedupeClass.B


def test_texts_from_a_command_line_are_understood() -> None:
    config = read_config(
        {
            "starting_cash": "5000.50",
            "latency_ms": "20",
            "hours": "exchange",
            "unknown_symbols": "TSLA, GME",
            "faults": '[{"kind": "429", "nth": 2}]',
            "prices": '{"AAPL": "100"}',
        }
    )
    assert (config.starting_cash, config.latency_ms, config.hours) == (Decimal("5000.50"), 20, Hours.EXCHANGE)
    assert config.unknown_symbols == ("TSLA", "GME")
    assert config.faults == (Fault(kind=FaultKind.TOO_MANY_REQUESTS, nth=2),)
    assert config.prices == {"AAPL": Decimal(100)}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"starting_cahs": 1}, "starting_cahs"),
        ({"starting_cash": "much"}, "starting_cash"),
        ({"starting_cash": "NaN"}, "starting_cash"),
        ({"starting_cash": 0}, "starting_cash"),
        ({"leverage": -1}, "leverage"),
        ({"partial_fills": 0}, "partial_fills"),
        ({"spread_bps": "Infinity"}, "spread_bps"),
        ({"slippage_bps": 5001}, "slippage_bps"),
        ({"latency_ms": -5}, "latency_ms"),
        ({"hours": "sometimes"}, "hours"),
        ({"faults": [{"kind": "explode"}]}, "faults"),
        ({"faults": "[{"}, "not understood"),
    ],
)
def test_a_configuration_at_fault_is_refused_by_its_field(values: dict[str, Any], named: str) -> None:
    with pytest.raises(Unhonoured, match=named):
        read_config(values)
