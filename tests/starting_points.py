"""What nearly every test begins with, made once in a process of the run and copied from then on."""

import tempfile
from copy import copy
from functools import cache
from pathlib import Path

import pytest

from tradewire.plugins import Plugins

#: For what the kind of store makes no difference to, such as a message that does not come so far.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def empty_database(path: Path) -> Path:
    """A SQLite file at `path` as the first start leaves it: all tables, and nothing in them."""
    path.touch(mode=0o600)
    path.write_bytes(_upgraded())
    return path


def discovered() -> Plugins:
    """The installed plugins, in lists of the caller's own, who may add to them and take from them."""
    plugins = copy(_discovered())
    for name, value in vars(plugins).items():
        if isinstance(value, dict | list):
            setattr(plugins, name, copy(value))
    return plugins


@cache
def _upgraded() -> bytes:
    from tradewire.store.upgrade import upgrade

    with tempfile.TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/tradewire.db")
        return Path(folder, "tradewire.db").read_bytes()


@cache
def _discovered() -> Plugins:
    return Plugins.discover()
