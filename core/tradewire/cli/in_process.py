"""The services over a data folder that no running Tradewire holds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tradewire.cli.exits import Exit, Stop
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.core import is_shared, open_core
from tradewire.runtime.folder import DataFolder
from tradewire.services.services import Services
from tradewire.settings import load_settings


@contextmanager
def open_services(folder: DataFolder) -> Iterator[Services]:
    """Holds the folder's lock; raises `FolderInUse` while another process does. A database that processes
    share needs no lock.

    A folder without a Tradewire is not made one: that is `tradewire up`'s part.
    """
    chosen = os.environ.get("TRADEWIRE_CONFIG")
    file = Path(chosen) if chosen else folder.settings_file
    settings = load_settings(file, os.environ, required=chosen is not None)
    shared = is_shared(settings)
    if not shared and not folder.key_file.exists():
        raise Stop(
            Exit.UNREACHABLE,
            f"There is no Tradewire in {folder.path} yet: `tradewire up` makes one; or name it with --data.",
        )
    with nullcontext() if shared else folder.lock():
        outside = shared and settings.dramatiq_url is not None
        core = open_core(folder, settings, SystemClock(), engine=False, outside=outside)
        try:
            yield core.services
        finally:
            core.close()
