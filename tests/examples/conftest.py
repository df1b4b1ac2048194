"""The examples' wheels, and a fresh environment with Tradewire's; made once for all processes of a run."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from examples.environment import EXAMPLES, ROOT, Environment, build, needed
from examples.shared import Shared


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What one process of this run made for all of them."""
    folder = tmp_path_factory.getbasetemp()
    return Shared(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def wheels(shared: Shared) -> Mapping[str, Path]:
    """The wheel of each example by its distribution's name."""

    def make(folder: Path) -> Mapping[str, Path]:
        built = [build(project, folder / project.name) for project in EXAMPLES]
        return {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in built}

    return shared.made("wheels", make)


@pytest.fixture(scope="session")
def linked(shared: Shared) -> Path:
    """What Tradewire depends on and nothing else, linked from where the tests run: no Tradewire, no tools."""

    def make(folder: Path) -> Path:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for distribution in needed(project["dependencies"]).values():
            for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
                if not (folder / name).exists():
                    (folder / name).symlink_to(Path(str(distribution.locate_file(name))).resolve())
        return folder

    return shared.made("dependencies", make)


@pytest.fixture(scope="session")
def tradewire(shared: Shared, linked: Path) -> Environment:
    """A fresh environment with Tradewire's wheel."""

    def make(folder: Path) -> Environment:
        environment = Environment(folder / "venv", beside=[linked])
        environment.install(build(ROOT, folder / "wheel"))
        return environment

    return shared.made("tradewire", make)
