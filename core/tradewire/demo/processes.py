"""The demo's two processes: Tradewire as everyone starts it, and the paper venue."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from tradewire.cli.welcome import Ready
from tradewire.contract.errors import Unhonoured
from tradewire.runtime.sabotage import VARIABLE as SABOTAGE

_STARTS_WITHIN_S = 30.0
_ENDS_WITHIN_S = 8.0
_POLL_S = 0.02
_RUN = "from tradewire.cli.main import run; run()"


@asynccontextmanager
async def tradewire(folder: Path, sabotage: str | None) -> AsyncIterator[Ready]:
    """`tradewire up` on a free port of this machine, until the block ends."""
    environment = _environment() | {"TRADEWIRE_LOG__LEVEL": "warning"}
    if sabotage is not None:
        environment[SABOTAGE] = sabotage
    log = folder / "tradewire.log"
    command = ["-c", _RUN, "up", "--json", "--port", "0", "--data", str(folder / "data")]
    async with _process("Tradewire", command, log, environment) as process:
        yield msgspec.json.decode(await _first_line("Tradewire", process, log), type=Ready)


@asynccontextmanager
async def venue(folder: Path) -> AsyncIterator[str]:
    """The paper venue as a process; its URL."""
    log = folder / "venue.log"
    command = ["-m", "tradewire_paper", "--port", "0", "--state", str(folder / "venue"), "--exit-with-parent"]
    async with _process("The paper venue", command, log, _environment()) as process:
        yield (await _first_line("The paper venue", process, log)).decode().strip()


@asynccontextmanager
async def _process(
    name: str, arguments: list[str], log: Path, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as errors:
        try:
            # A session of its own: Ctrl-C is for the demo, which then ends its processes in order.
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise Unhonoured(f"{name} could not be started: {error.strerror}.") from error
    try:
        yield process
    finally:
        await asyncio.shield(_end(process))


async def _first_line(name: str, process: asyncio.subprocess.Process, log: Path) -> bytes:
    line = b""
    if process.stdout is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_STARTS_WITHIN_S):
                line = await process.stdout.readline()
    if line.strip():
        return line
    raise Unhonoured(f"{name} did not start within {_STARTS_WITHIN_S:.0f} s. {_end_of(log)}".strip())


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-600:]


async def _end(process: asyncio.subprocess.Process) -> None:
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # Not `terminate()`: it looks whether the process has ended, and so takes its end from asyncio's watcher.
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _environment() -> dict[str, str]:
    """Ours, without the settings of a Tradewire that the user may have beside the demo."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
