"""Where the bench runs: the disk with what an fsync takes on it, and the processor."""

import os
import platform
import time
from pathlib import Path

import msgspec

from bench.figures import percentile

#: File systems that keep nothing: figures of a durable store would be worth nothing there.
_IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs", "rootfs", "hugetlbfs")
_FSYNCS = 300
#: No disk and no battery-backed controller is this quick; somebody has switched fsync off.
_TOO_QUICK_MS = 0.005


class NoDisk(Exception):
    """The folder lies where nothing lasts; the text is a sentence."""


class Machine(msgspec.Struct):
    """`fsync` latencies are of appending 4 KiB to a file, in milliseconds."""

    cores: int
    processor: str
    python: str
    system: str
    file_system: str
    folder: str
    fsync_p50_ms: float
    fsync_p99_ms: float
    load_average: float
    loop_ms: float

    def line(self) -> str:
        return (
            f"{self.cores} cores, {self.processor}, {self.system}, Python {self.python}, "
            f"load {self.load_average:.2f} before the first run; "
            f"a million additions in Python take {self.loop_ms:.0f} ms"
        )

    def disk(self) -> str:
        return (
            f"{self.folder} on {self.file_system}; fsync after 4 KiB: "
            f"p50 {self.fsync_p50_ms:.2f} ms, p99 {self.fsync_p99_ms:.2f} ms ({_FSYNCS} times)"
        )


def machine(folder: Path) -> Machine:
    """Raises `NoDisk` where `folder` is in memory."""
    system = file_system(folder)
    p50, p99 = fsync_latency(folder)
    if p50 < _TOO_QUICK_MS:
        raise NoDisk(f"An fsync in {folder} takes {p50 * 1000:.1f} µs: it does not reach a disk.")
    return Machine(
        cores=os.cpu_count() or 1,
        processor=_processor(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        file_system=system,
        folder=str(folder),
        fsync_p50_ms=p50,
        fsync_p99_ms=p99,
        load_average=os.getloadavg()[0],
        loop_ms=_loop_ms(),
    )


def file_system(folder: Path) -> str:
    """The kind of file system that `folder` lies on; raises `NoDisk` for one in memory.

    An overlay is as durable as the folder that its changes go to.
    """
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    kind, options = _mount_of(folder.resolve(), mounts)
    if kind == "overlay":
        upper = [one[9:] for one in options.split(",") if one.startswith("upperdir=")]
        below, _ = _mount_of(Path(upper[0]), mounts) if upper and Path(upper[0]).exists() else ("", "")
        kind = f"overlay on {below}" if below else kind
    if kind.split()[-1] in _IN_MEMORY:
        raise NoDisk(f"{folder} lies on {kind}, which is memory; name a folder on a disk with --data.")
    return kind


def fsync_latency(folder: Path) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    file = folder / "fsync"
    handle = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    taken = []
    try:
        for _ in range(_FSYNCS):
            os.write(handle, b"\0" * 4096)
            began = time.perf_counter()
            os.fsync(handle)
            taken.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(handle)
        file.unlink()
    return percentile(taken, 50), percentile(taken, 99)


def _mount_of(folder: Path, mounts: list[list[str]]) -> tuple[str, str]:
    """Kind and options of the mount that `folder` lies in: the longest, and of those the last."""
    found = ("unknown", "")
    longest = -1
    for _, at, kind, options, *_ in mounts:
        point = Path(at.replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= longest:
            longest, found = len(point.parts), (kind, options)
    return found


def _loop_ms() -> float:
    """By which figures of two machines, or of one that others use too, can be compared; the best of five."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        total = 0
        for number in range(1_000_000):
            total += number
        taken.append((time.perf_counter() - began) * 1000)
    return min(taken)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
