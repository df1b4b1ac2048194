"""docs/reference/cli.md names every command with an example, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

from cyclopts import App

from tradewire.cli.main import make_app

PAGE = (Path(__file__).parents[3] / "docs/reference/cli.md").read_text()
ROW = re.compile(r"^\| `(tradewire [a-z ]+)` \| `([^`]+)` \|", re.MULTILINE)


def commands(app: App, path: tuple[str, ...] = ()) -> list[str]:
    found = []
    for name in app:
        if name.startswith("-"):
            continue
        below = commands(app[name], (*path, name))
        found += below or [" ".join(("tradewire", *path, name))]
    return found


def test_the_page_and_the_app_name_the_same_commands() -> None:
    assert sorted(command for command, _ in ROW.findall(PAGE)) == sorted(commands(make_app()))


def test_every_example_is_understood() -> None:
    import shlex

    for command, example in ROW.findall(PAGE):
        assert example.startswith(command)
        words = shlex.split(example.partition(" > ")[0])[1:]
        make_app().parse_args(words, exit_on_error=False, print_error=False)


def test_every_exit_code_is_on_the_page() -> None:
    from tradewire.cli.exits import Exit

    for code in Exit:
        assert f"| {code.value} |" in PAGE


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from tradewire.cli.main import main; main(['--help']);"
        "sys.exit(','.join({'sqlalchemy', 'litestar', 'httpx', 'dramatiq'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
