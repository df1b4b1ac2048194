"""The examples' wheels, and a fresh environment with Tradewire's."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from examples.environment import EXAMPLES, ROOT, Environment, build, needed


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The wheel of each example by its distribution's name."""
    folder = tmp_path_factory.mktemp("wheels")
    built = [build(project, folder / project.name) for project in EXAMPLES]
    return {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in built}


@pytest.fixture(scope="session")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Tradewire depends on and nothing else, linked from where the tests run: no Tradewire, no tools."""
    folder = tmp_path_factory.mktemp("dependencies")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for distribution in needed(project["dependencies"]).values():
        for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (folder / name).exists():
                (folder / name).symlink_to(Path(str(distribution.locate_file(name))).resolve())
    return folder


@pytest.fixture(scope="session")
def tradewire(tmp_path_factory: pytest.TempPathFactory, linked: Path) -> Environment:
    """A fresh environment with Tradewire's wheel."""
    folder = tmp_path_factory.mktemp("tradewire")
    environment = Environment(folder / "venv", beside=[linked])
    environment.install(build(ROOT, folder / "wheel"))
    return environment
