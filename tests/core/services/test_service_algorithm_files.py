"""What an algorithm's TOML may say, and the sentences for what it may not."""

from pathlib import Path

import pytest

from core.services.conftest import ALGORITHM
from tradewire.domain.algorithm import ValidityKind
from tradewire.plugins import Plugins
from tradewire.services.algorithm_checks import problems_of
from tradewire.services.algorithm_file import read_algorithm, read_document
from tradewire.services.refusal import Refused
from tradewire.services.toml_reader import parse_toml

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT / "strategies").glob("*.toml"))
PAGE = (ROOT / "docs/reference/algorithm.md").read_text()
BLOCKS = [part.partition("```")[0] for part in PAGE.split("```toml\n")[1:]]


def problems(text: str, plugins: Plugins) -> list[str]:
    draft, found = read_algorithm(text)
    return found + problems_of(draft, plugins)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_loads(sample: Path, plugins: Plugins) -> None:
    assert problems(sample.read_text(), plugins) == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(BLOCKS.index(block)))
def test_every_block_on_the_page_loads(block: str, plugins: Plugins) -> None:
    document = parse_toml(block)
    whole = document if "name" in document else {**parse_toml(ALGORITHM), **document}
    if "value" in whole.get("sizing", {}):
        del whole["quantity"]
    draft, found = read_document(whole)
    assert found + problems_of(draft, plugins) == []


def test_the_page_has_blocks_and_there_are_samples() -> None:
    assert len(BLOCKS) >= 5
    assert len(SAMPLES) >= 4


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("quantity = 10\n", "quantity = 0\n", "quantity is a number above 0, not 0."),
        ("quantity = 10\n", "quantity = nan\n", "quantity is a number above 0, not NaN."),
        ("quantity = 10\n", "", "quantity is missing."),
        ('side = "buy"', 'side = "bye"', 'side is one of buy, sell, not "bye". Did you mean "buy"?'),
        ('symbol = "AAPL"', 'symbl = "AAPL"', 'The file has no setting "symbl". Did you mean "symbol"?'),
        (
            'id = "breakout"',
            'id = "breakout "',
            'id of [signal] has a space at its beginning or end: "breakout ".',
        ),
        ('kind = "gtc"', 'kind = "forever"', "kind of [validity] is one of day, gtc, window"),
        ('kind = "gtc"', 'kind = "window"', "A window has a start, an end or both"),
        (
            'kind = "gtc"',
            'kind = "window"\nend = 2026-03-02T10:00:00',
            "end of [validity] is a time with its zone",
        ),
        (
            'kind = "gtc"',
            'kind = "window"\nstart = 2026-03-02T10:00:00Z\nend = 2026-03-01T10:00:00Z',
            "which is not after its start",
        ),
        ('kind = "gtc"', 'kind = "gtc"\ntimezone = "Mars"', 'not "Mars"'),
        (
            'blueprint = "market"',
            'blueprint = "markte"',
            'No blueprint "markte" is installed. Did you mean "market"?',
        ),
        ("[guardians.max_position]\nquantity = 100\n", "", "The guardian max_position is required"),
        (
            "[guardians.max_order_notional]\nnotional = 5000\n",
            "",
            "The guardian max_order_notional is required",
        ),
        (
            "[guardians.max_position]\nquantity = 100",
            "[guardians.max_position]\nquantty = 100",
            'The guardian max_position has no parameter "quantty". Did you mean "quantity"?',
        ),
        (
            "[guardians.max_position]\nquantity = 100",
            "[guardians.max_position]\nquantity = -1",
            "The guardian max_position does not take its parameters",
        ),
        (
            "[guardians.max_position]",
            "[guardians.max_positon]",
            'No guardian "max_positon" is installed. Did you mean "max_position"?',
        ),
        ("[validity]", '[pipeline]\nmatch = ["mine"]\n[validity]', 'No matcher "mine" is installed.'),
        (
            "[validity]",
            "[dynamic]\naction = true\n[validity]",
            "say allow_shorts = true or allow_shorts = false",
        ),
        ('[validity]\nkind = "gtc"\n', "", "validity is missing: choose"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, sentence: str, plugins: Plugins) -> None:
    text = ALGORITHM.replace(old, new)
    assert text != ALGORITHM
    assert any(sentence in problem for problem in problems(text, plugins)), problems(text, plugins)


def test_all_mistakes_are_named_at_once(plugins: Plugins) -> None:
    text = ALGORITHM.replace('side = "buy"', 'side = "up"').replace("quantity = 10\n", "quantity = -1\n")
    assert len(problems(text, plugins)) == 2


def test_broken_toml_is_refused_with_its_place() -> None:
    with pytest.raises(Refused, match="line 2, column 6"):
        read_algorithm('name = "a"\nside buy')


def test_numbers_are_read_exactly() -> None:
    text = ALGORITHM.replace("quantity = 10\n", "quantity = 0.1\n").replace(
        "notional = 5000", "notional = 0.3"
    )
    draft, _ = read_algorithm(text)
    assert str(draft.quantity) == "0.1"
    assert draft.guardians[1].params == {"notional": "0.3"}


def test_a_window_is_kept_in_utc() -> None:
    draft, _ = read_algorithm(
        ALGORITHM.replace('kind = "gtc"', 'kind = "window"\nend = 2026-03-02T10:00:00-05:00')
    )
    assert draft.validity.kind is ValidityKind.WINDOW
    assert str(draft.validity.end) == "2026-03-02 15:00:00+00:00"
