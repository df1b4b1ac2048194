"""Lives of Tradewire that begin quickly: one process has imported everything, and forks for each of them.

A life is a process of its own all the same: it is killed, frozen and stopped like one, and shares nothing
but the imported code. The 1.7 s that a start takes otherwise, nearly all of it imports, would be most of a
kill loop.
"""

import ctypes
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

#: What `tradewire up`, `serve` and `worker` import on their way, and so every life would.
PRELOAD = (
    "_strptime",
    "anyio._backends._asyncio",
    "asyncpg",
    "dramatiq.brokers.rabbitmq",
    "dramatiq.brokers.redis",
    "encodings.idna",
    "tradewire.cli.serve",
    "tradewire.cli.up",
    "tradewire.cli.welcome",
    "tradewire.cli.worker",
    "tradewire.runtime.clock",
    "tradewire.runtime.embedded",
    "tradewire.runtime.first_run",
    "tradewire.runtime.logs",
    "tradewire.runtime.one_core",
    "tradewire.runtime.serve",
    "tradewire.runtime.worker",
    "tradewire.store.migrations.append_only",
    "tradewire.store.migrations.env",
    "tradewire.store.migrations.process_tables",
    "tradewire.store.postgres",
    "tradewire.store.postgres_upgrade",
    "tradewire.store.sqlite_writer",
    "tradewire_paper.session",
    "tradewire_paper.stream",
    "uvloop",
)

_PR_SET_PDEATHSIG = 1


class Nursery:
    """The test's side: `begin` a life, `ended` waits for its end."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        """Run `tradewire` with these arguments; stdout and stderr go to out.txt and err.txt in `folder`."""
        # Emptied here, so that nobody takes what an earlier life has said for this one's.
        (folder / "out.txt").write_text("")
        return int(self._ask(begin=list(arguments), environment=dict(environment), folder=str(folder))["pid"])

    def ended(self, pid: int) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        return int(self._ask(wait=pid)["code"])

    def has_ended(self, pid: int) -> bool:
        return self._ask(poll=pid)["code"] is not None

    def close(self) -> None:
        """End it, and whatever it has begun and not ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def _ask(self, **question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._asking:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the nursery has ended"
        return json.loads(answer)


def _serve() -> None:
    _preload()
    codes: dict[int, int | None] = {}
    for line in sys.stdin:
        question = json.loads(line)
        if "begin" in question:
            pid = _fork(question["begin"], question["environment"], Path(question["folder"]))
            codes[pid] = None
            answer: dict[str, Any] = {"pid": pid}
        else:
            pid = question.get("wait", question.get("poll"))
            if codes[pid] is None:
                found, status = os.waitpid(pid, 0 if "wait" in question else os.WNOHANG)
                codes[pid] = os.waitstatus_to_exitcode(status) if found else None
            answer = {"code": codes[pid]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid, code in codes.items():
        if code is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _preload() -> None:
    from contextlib import suppress

    for name in PRELOAD:
        # Some need a context that only a life has; what they import is there all the same.
        with suppress(Exception):
            import_module(name)
    from litestar import Litestar

    from tradewire.cli.main import make_app
    from tradewire.plugins import Plugins

    make_app()
    Plugins.discover()
    Litestar()
    # Nothing of this is ever garbage: a life that went through it would copy the memory it lies in as well.
    gc.collect()
    gc.freeze()


def _fork(arguments: list[str], environment: dict[str, str], folder: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        # A test run that is cut short leaves no life behind.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        null = os.open(os.devnull, os.O_RDONLY)
        out = os.open(folder / "out.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        err = os.open(folder / "err.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, handle in enumerate((null, out, err)):
            os.dup2(handle, number)
        os.closerange(3, 64)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["tradewire", *arguments]
        # Whoever waits for it in vain can ask where it stands.
        faulthandler.register(signal.SIGUSR1, all_threads=True)
        for module in ("naive", "classes", "standing_still"):
            import_module(module).become(environment)
        from tradewire.cli.main import run

        run()
    except SystemExit as ending:
        os._exit(ending.code if isinstance(ending.code, int) else 1)
    except BaseException:  # noqa: BLE001 - a life never returns into its parent's loop
        import traceback

        traceback.print_exc()
        os._exit(70)
    os._exit(0)


if __name__ == "__main__":
    _serve()
