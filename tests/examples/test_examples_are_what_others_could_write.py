"""The examples use what is public and nothing else, and say in words how to use them."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradewire
from examples.cases import CASES
from examples.environment import EXAMPLES

#: What is public beside the module itself; `testing` is for tests only.
PUBLIC = {"tradewire": set(tradewire.__all__), "tradewire.contract.working": None}
TESTS_ONLY = "tradewire.testing"


def imports(file: Path) -> Iterator[tuple[str, str | None]]:
    """(module, name) of what a file imports of Tradewire's."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((one.name, None) for one in node.names if one.name.split(".")[0] == "tradewire")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tradewire":
            yield from ((str(node.module), one.name) for one in node.names)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_imports_only_what_is_public(example: Path) -> None:
    for file in example.rglob("*.py"):
        for module, name in imports(file):
            if module.startswith(TESTS_ONLY):
                assert file.parent.name == "tests"
                continue
            assert module in PUBLIC, f"{file} imports {module}"
            names = PUBLIC[module]
            assert names is None or name in names, f"{file} imports {name}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_says_how_it_is_installed_used_and_seen(example: Path) -> None:
    readme = (example / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert readme.startswith(f"# {project['name']}\n")
    assert "pip install" in readme
    assert "signal show" in readme or "What you see" in readme
    assert [name for name, module in project["entry-points"]["tradewire"].items() if name in module]


def test_every_example_is_tried_and_every_stage_has_one() -> None:
    points = [
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
        for folder in EXAMPLES
    ]
    assert {name for one in points for name in one["tradewire"]} == CASES.keys()
    stages = {case.adds.partition(":")[0] for case in CASES.values()}
    assert stages == {"parse", "authenticate", "match", "override", "guard", "blueprint", "broker"}
