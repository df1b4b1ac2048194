"""The page of guarantees names its tests and claims nothing without them."""

import re

import pytest

from docs import pages
from docs.pages import ROOT

PAGE = ROOT / "docs/concepts/guarantees.md"
GUARANTEES = {
    title.split()[0]: part for title, part in pages.sections(PAGE, 2).items() if title[1:2].isdigit()
}
FAULTS = {
    int(number): tests
    for numbers, tests in re.findall(
        r"^\| ([\d, ]+): [^|]* \| ([^|]*) \|$", pages.sections(PAGE, 2)["Faults"], re.MULTILINE
    )
    for number in numbers.split(",")
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


def test_every_fault_stands_in_the_table_in_order() -> None:
    assert list(FAULTS) == list(range(1, 35))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_names_tests_that_exist_or_says_that_there_are_none(fault: int) -> None:
    named = re.findall(r"`(tests/[^`]+)`", FAULTS[fault])
    assert named or FAULTS[fault].startswith("none: ")
    assert not [file for file in named if not (ROOT / file).is_file()]


def test_every_test_of_a_fault_of_its_own_is_named_at_its_fault() -> None:
    for file in (ROOT / "tests/faults").glob("test_fault*.py"):
        for number in re.findall(r"_(\d\d)(?=_)", file.stem):
            assert f"`tests/faults/{file.name}`" in FAULTS[int(number)], file.name
