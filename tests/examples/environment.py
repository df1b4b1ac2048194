"""Fresh environments with Tradewire's wheel, and strangers' wheels beside it, as a user has them."""

import json
import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable
from importlib import metadata
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import httpx
import pip
from packaging.requirements import Requirement

import plain_http
from sending import sent

ROOT = Path(__file__).parents[2]
EXAMPLES = tuple(sorted(folder.parent for folder in (ROOT / "examples").glob("*/pyproject.toml")))
_PATIENCE_S = 60.0
_PIP = Path(pip.__file__).parent


def build(project: Path, into: Path) -> Path:
    """The wheel of a project, built by hatchling in this environment."""
    into.mkdir()
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)], cwd=project)
    (wheel,) = into.glob("*.whl")
    return wheel


Found = dict[str, Distribution]


def needed(requirements: Iterable[str], extras: Iterable[str] = (), found: Found | None = None) -> Found:
    """Every distribution that these requirements come to here, with the extras that they ask for, by name."""
    found = {} if found is None else found
    chosen = ("", *extras)
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in chosen):
            continue
        if requirement.name not in found or requirement.extras:
            found[requirement.name] = metadata.distribution(requirement.name)
            needed(metadata.requires(requirement.name) or (), requirement.extras, found)
    return found


class Environment:
    """A virtual environment that also sees the packages in `beside`, and has its own before them."""

    def __init__(self, folder: Path, beside: Iterable[Path]) -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        self.python = folder / "bin" / "python"
        self.packages = Path(
            sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)})
        )
        (self.packages / "beside.pth").write_text("".join(f"{one}\n" for one in beside), encoding="utf-8")

    def install(self, *wheels: Path) -> None:
        """Refused by pip where a dependency, in its version, is neither among `wheels` nor installed."""
        self._pip("install", "--no-compile", "--no-index", *(str(wheel) for wheel in wheels))

    def uninstall(self, *distributions: str) -> None:
        self._pip("uninstall", "--yes", *distributions)

    def _pip(self, command: str, *words: str) -> None:
        # Where `pip --python` comes to as well, by way of a further process.
        _run([str(self.python), "-I", str(_PIP), command, "--quiet", "--disable-pip-version-check", *words])


class Tradewire:
    """`tradewire` out of an environment, on one data folder; started and stopped as often as wanted."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self._environment = environment
        self.folder = folder
        self._log = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[str] | None = None
        self._pause = threading.Event()
        folder.mkdir()
        self.key = ""

    def configure(self, settings: str) -> None:
        (self.folder / "tradewire.toml").write_text(settings, encoding="utf-8")

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command("up", "--json", "--port", "0"), stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._ended()
            raise AssertionError(self.log[-4000:])
        self.key = json.loads(line).get("key") or self.key
        instance = json.loads((self.folder / "instance.json").read_text())
        token = {"authorization": f"Bearer {instance['token']}"}
        self.http = plain_http.Client(base_url=instance["url"], headers=token, timeout=30, trust_env=False)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._ended()
            self.http.close()

    def _ended(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.wait(timeout=_PATIENCE_S)
        self._process.stdout.close()
        self._process = None

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def command(self, *words: str) -> tuple[int, str]:
        """A command as a user types it: its exit code, and all it wrote, on one line."""
        done = subprocess.run(
            self._command(*words), capture_output=True, text=True, env=os.environ | {"COLUMNS": "300"}
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def post(self, provider: str, content: str) -> httpx.Response:
        return sent(lambda: self.http.post(f"/api/{provider}/webhook", content=content))

    def story(self, signal: str, until: str = "") -> dict[str, Any]:
        """The signal's story, once nothing more will happen to it, or once it says `until`."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            story: dict[str, Any] = self.call("GET", f"/signals/{signal}")
            if story["signal"]["state"] not in ("waiting", "routed", "working"):
                return story
            if until and until in json.dumps(story["stages"]):
                return story
            assert time.monotonic() < deadline, story
            self._pause.wait(0.05)

    def _command(self, *words: str) -> list[str]:
        isolated = [str(self._environment.python), "-I", "-m", "tradewire"]
        return [*isolated, *words, "--data", str(self.folder)]


def _run(command: list[str], cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
