"""The repository speaks of Tradewire, not of who worked on it or where."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from docs.pages import ROOT

#: In two halves, so that this file is clean itself.
WORDS = [
    first + second
    for first, second in (
        ("clau", "de"),
        ("anthro", "pic"),
        ("chat", "gpt"),
        ("open", "ai"),
        ("sub", "agent"),
        ("language ", "model"),
        ("co-authored-", "by"),
        ("/wo", "rk/"),
        ("/sha", "red/"),
        ("as an a", "i"),
        ("placeholder te", "xt"),
        ("lorem ip", "sum"),
        ("TO", "DO"),
        ("FIX", "ME"),
    )
]
_WORD = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in WORDS), re.IGNORECASE)
_FOLDERS = (".ci", "core", "docs", "plugins", "strategies", "tests", "examples")


def test_no_file_holds_a_foreign_word() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for file in _files()
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _WORD.search(line)
    ]
    assert not found


def _files() -> Iterator[Path]:
    """What is in the repository; without git, what lies in its folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        files = [*ROOT.glob("*.*"), *(file for one in _FOLDERS for file in (ROOT / one).rglob("*"))]
    yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)
