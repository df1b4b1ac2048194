"""What the pages point to is there."""

import re
from pathlib import Path

import pytest

from docs import pages
from docs.pages import PAGES, ROOT

_FOLDERS = ("core/", "plugins/", "strategies/", "tests/", "docs/", "examples/")


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_every_link_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    wrong = [link for link in pages.links(page) if not _leads_somewhere(page, link)]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = [code for code in pages.inline_codes(page) if code.startswith(_FOLDERS) and "<" not in code]
    missing = [code for code in named if not (ROOT / code).exists()]
    assert not missing


def test_every_page_of_the_docs_is_linked_from_another() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in pages.links(page)
        if not _is_outside(link)
    }
    folders = {one for one in linked if one.is_dir()}
    lonely = [
        pages.name(page)
        for page in PAGES
        if page.parent != ROOT and page not in linked and page.parent not in folders
    ]
    assert not lonely


def _leads_somewhere(page: Path, link: str) -> bool:
    if _is_outside(link):
        return True
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.exists() or ROOT not in (target, *target.parents):
        return False
    return not anchor or anchor in pages.anchors(target)


def _is_outside(link: str) -> bool:
    return re.match(r"https?://|mailto:", link) is not None
