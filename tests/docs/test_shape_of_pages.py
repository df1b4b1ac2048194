"""Pages stay short, and lists of pages complete."""

from pathlib import Path

import pytest

from docs import pages
from docs.pages import ROOT

DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(pages.text(ROOT / "README.md").splitlines()) <= 150


@pytest.mark.parametrize("page", DECISIONS, ids=pages.name)
def test_a_decision_is_short_and_says_what_why_and_what_follows(page: Path) -> None:
    text = pages.text(page)
    assert len(text.splitlines()) <= 60
    assert text.startswith(f"# {page.name[:4]} ")
    assert [
        part for part in ("Context", "Decision", "Why", "Consequences") if f"**{part}.**" not in text
    ] == []


def test_the_list_of_decisions_is_complete_and_without_gaps() -> None:
    listed = pages.links(ROOT / "docs/decisions/README.md")
    assert [page.name for page in DECISIONS] == list(listed)
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_every_version_in_the_changelog_comes_with_what_the_package_says() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = project.split('version = "')[1].split('"')[0]
    assert f"## {version}" in pages.text(ROOT / "CHANGELOG.md")
