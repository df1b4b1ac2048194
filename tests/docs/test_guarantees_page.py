"""The page of guarantees names its tests and claims nothing without them."""

import re

import pytest

from docs import pages
from docs.pages import ROOT

PAGE = ROOT / "docs/concepts/guarantees.md"
GUARANTEES = {
    title.split()[0]: part for title, part in pages.sections(PAGE, 2).items() if title[1:2].isdigit()
}
STATES = dict(re.findall(r"^\| \[(G\d+)\]\(.*\| ([a-z ]+) \|$", pages.text(PAGE), re.MULTILINE))


def test_every_guarantee_has_its_section_and_its_state() -> None:
    expected = [f"G{number}" for number in range(1, 17)]
    assert list(GUARANTEES) == expected
    assert list(STATES) == expected
    assert set(STATES.values()) <= {"proven", "in part", "not yet"}


@pytest.mark.parametrize("guarantee", [name for name, state in STATES.items() if state == "proven"])
def test_what_is_called_proven_names_its_tests(guarantee: str) -> None:
    assert re.search(r"`tests/[^`]+/test_[a-z_]+\.py`", GUARANTEES[guarantee])


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_every_test_that_is_named_exists(guarantee: str) -> None:
    named = re.findall(r"`(tests/[^`]+)`", GUARANTEES[guarantee])
    assert not [file for file in named if not (ROOT / file).is_file()]
