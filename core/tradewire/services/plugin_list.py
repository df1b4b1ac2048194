"""What is installed, and in which state."""

from tradewire.domain.base import Struct
from tradewire.plugins import PluginRecord, Plugins


class PluginList(Struct):
    """`quarantined` names guardians that were taken out of use while running, with the reason."""

    items: tuple[PluginRecord, ...]
    quarantined: dict[str, str]


def plugin_list(plugins: Plugins) -> PluginList:
    return PluginList(items=tuple(plugins.records), quarantined=dict(plugins.quarantined))
