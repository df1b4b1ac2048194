"""The disk below the data folder: how much is free, and how long it takes until a write is safe."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tradewire.services.doctor.finding import Finding, fail, ok, warn

SCARCE = 1024**3
EMPTY = 100 * 1024**2
#: Milliseconds; every accepted signal waits for one of these at least.
SLOW_MS = 20.0
_TIMES = 50
_BLOCK = b"\0" * 4096
_LONGEST_S = 3.0
_IN_MEMORY = frozenset({"tmpfs", "ramfs", "ramdisk"})
_ADRIFT = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"})


def disk_findings(
    folder: Path, monotonic: Callable[[], float], mounts: Path = Path("/proc/self/mounts")
) -> tuple[Finding, ...]:
    """Free space, kind of file system, and the latency of fsync (median and 99th percentile of 50)."""
    try:
        latencies = fsync_latencies(folder, monotonic)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        sentence = f"The data folder {folder} cannot be written: {error.strerror}."
        return (
            fail("disk", sentence, "Give it to the user that Tradewire runs as, or name another folder."),
        )
    return (_space(free), _file_system(folder, mounts), _fsync(latencies))


def fsync_latencies(folder: Path, monotonic: Callable[[], float]) -> list[float]:
    """Milliseconds of each fsync of 4 KiB appended to a file in `folder`, sorted."""
    found: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        begun = monotonic()
        while len(found) < _TIMES and monotonic() - begun < _LONGEST_S:
            file.write(_BLOCK)
            file.flush()
            before = monotonic()
            os.fsync(file.fileno())
            found.append((monotonic() - before) * 1000)
    return sorted(found)


def _space(free: int) -> Finding:
    sentence = f"{free / 1024**3:.1f} GiB are free."
    advice = "Make room: with a full disk no signal is accepted."
    if free < EMPTY:
        return fail("disk space", sentence, advice)
    return warn("disk space", sentence, advice) if free < SCARCE else ok("disk space", sentence)


def _file_system(folder: Path, mounts: Path) -> Finding:
    kind = _kind(folder.resolve(), mounts)
    if kind in _IN_MEMORY:
        return fail(
            "file system",
            f"The data folder is on {kind}: it is in memory, and gone with the power.",
            "Move it to a disk.",
        )
    if kind in _ADRIFT:
        return warn(
            "file system",
            f"The data folder is on {kind}, a network file system: its locks and fsync may not hold.",
            "Move it to a local disk, or use PostgreSQL.",
        )
    return ok("file system", f"The data folder is on {kind or 'a disk of unknown kind'}.")


def _kind(folder: Path, mounts: Path) -> str | None:
    """The file system of the longest mount point above `folder`; None where the machine does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found = [line.split(" ") for line in lines]
    above = [
        (len(fields[1]), fields[2])
        for fields in found
        if len(fields) > 2 and folder.is_relative_to(fields[1].replace("\\040", " "))
    ]
    return max(above)[1] if above else None


def _fsync(latencies: Sequence[float]) -> Finding:
    middle, late = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    sentence = f"An fsync takes {middle:.1f} ms (median), {late:.1f} ms (99th percentile)."
    if middle > SLOW_MS:
        return warn(
            "fsync", sentence, "Every accepted signal waits for one; use a disk that is quicker to be safe."
        )
    return ok("fsync", sentence)
