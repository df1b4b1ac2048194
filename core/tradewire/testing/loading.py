"""Loading a plugin as Tradewire does, without installing it."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from tradewire.hookspecs import PROJECT
from tradewire.plugins import Plugins, PluginState


def load(module: str, settings: Mapping[str, Any] | None = None) -> Plugins:
    """What the plugin `module` adds, by stage and name; `settings` is its table of `tradewire.toml`.

    Raises `AssertionError` with the reason where Tradewire would put it aside.
    """
    point = EntryPoint(name=module, value=module, group=PROJECT)
    plugins = Plugins.discover(found=[point], settings={module: settings or {}})
    (record,) = plugins.records
    assert record.state is PluginState.LOADED, record.reason
    return plugins
