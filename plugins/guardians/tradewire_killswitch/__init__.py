"""The guardian `kill_switch`: nothing leaves while a switch says so."""

from collections.abc import Sequence

from tradewire import Guardian, hookimpl
from tradewire_killswitch.kill_switch import KillSwitch


@hookimpl
def guard() -> Sequence[Guardian]:
    return [KillSwitch()]
