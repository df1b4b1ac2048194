"""What Tradewire needs beside its database: key file, plugins, clocks."""

import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.plugins import PluginRecord, PluginState
from tradewire.security.key_file import load_key_file
from tradewire.services.doctor.finding import Finding, fail, ok, warn
from tradewire.services.plugin_list import MissingPlugin

JUMPED_S = 2.0


class ClockMark(Struct):
    """The two clocks at one moment: what the wall's said, and the one that never jumps."""

    wall_s: float
    monotonic_s: float

    @classmethod
    def of(cls, clock: Clock) -> "ClockMark":
        return cls(wall_s=clock.now().timestamp(), monotonic_s=clock.monotonic())


def clock_finding(start: ClockMark, clock: Clock) -> Finding:
    """Whether the machine's clock was set since this process started."""
    now = ClockMark.of(clock)
    jumped = (now.wall_s - start.wall_s) - (now.monotonic_s - start.monotonic_s)
    if abs(jumped) > JUMPED_S:
        return warn(
            "clock steps",
            f"The machine's clock was set by {jumped:+.1f} s since this process started, or it slept.",
            "Let NTP keep it (chrony or systemd-timesyncd), which turns it without jumps.",
        )
    return ok("clock steps", "The machine's clock was not set while this process ran.")


def key_file_finding(path: Path, opens: Callable[[], None] | None = None) -> Finding:
    """Whether it is there, its owner's alone, and `opens` what the database has sealed."""
    try:
        load_key_file(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        if opens is not None:
            opens()
    except (Unhonoured, OSError) as error:
        return fail("key file", str(error), "Put its copy back; without it credentials cannot be opened.")
    about = " and opens what the database holds" if opens is not None else ""
    return ok("key file", f"{path} is its owner's alone (mode {mode:04o}){about}.")


def plugin_finding(
    records: Iterable[PluginRecord], quarantined: Iterable[str], missing: Iterable[MissingPlugin]
) -> Finding:
    lost = [f"the {one.stage} plugin {one.name} ({', '.join(one.needed_by)} needs it)" for one in missing]
    if lost:
        return fail(
            "plugins",
            f"Not installed: {'; '.join(lost)}.",
            "Install it again, or stop what needs it; `tradewire plugins` lists all.",
        )
    broken = [f"{one.name} ({one.reason})" for one in records if one.state is PluginState.QUARANTINED]
    broken += [f"{name} (at work)" for name in quarantined]
    if broken:
        return warn("plugins", f"Not used: {'; '.join(broken)}.", "See `tradewire plugins`.")
    return ok("plugins", "Every installed plugin is used.")
