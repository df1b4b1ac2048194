import pytest

from tradewire.testing import builders, load
from tradewire.testing.contracts import MatcherContract
from tradewire_wildcard import Wildcard


class TestContract(MatcherContract):
    matcher = Wildcard()


@pytest.mark.parametrize(
    ("listens", "says", "expected"),
    [
        ("scanner/*", "scanner/gap", True),
        ("scanner/*", "Scanner/gap", False),
        ("scanner/*", "scanner", False),
        ("swing-?", "swing-2", True),
        ("swing-[12]", "swing-3", False),
        ("plain", "plain", True),
    ],
)
def test_an_id_may_describe_many(listens: str, says: str, expected: bool) -> None:
    algorithm = builders.algorithm(signal_id=listens)
    assert Wildcard().matches(builders.signal(strategy_id=says), algorithm) is expected


def test_another_provider_is_another_world() -> None:
    signal = builders.signal(strategy_id="scanner/gap", provider="traderspost")
    assert not Wildcard().matches(signal, builders.algorithm(signal_id="scanner/*"))


def test_it_is_found_by_its_name() -> None:
    assert list(load("tradewire_wildcard").matchers) == ["wildcard"]
