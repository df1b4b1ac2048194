"""The repository's pages: their text, headings, links and blocks of code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("**/README.md")),
)

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`([^`\n]+)`")


class Block(NamedTuple):
    language: str
    code: str


def name(page: Path) -> str:
    """A page's path from the repository's root, for the names of tests."""
    return page.relative_to(ROOT).as_posix()


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", text(page))


def blocks(page: Path) -> tuple[Block, ...]:
    return tuple(Block(found[2], found[3]) for found in _FENCE.finditer(text(page)))


def links(page: Path) -> tuple[str, ...]:
    return tuple(_LINK.findall(prose(page)))


def inline_codes(page: Path) -> tuple[str, ...]:
    return tuple(_INLINE.findall(prose(page)))


def anchors(page: Path) -> frozenset[str]:
    """The headings as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def sections(page: Path, level: int) -> dict[str, str]:
    """The text under each heading of `level`, up to the next heading of that level or above."""
    parts = re.split(rf"^#{{1,{level}}} (.+)$", text(page), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def first_cells(part: str) -> Iterator[str]:
    """What stands in backticks in the first column of a part's tables."""
    for found in re.finditer(r"^\| `([^`]+)` \|", part, re.MULTILINE):
        yield found[1]


def flat(words: str) -> str:
    """Words without line breaks and double spaces."""
    return " ".join(words.split())
