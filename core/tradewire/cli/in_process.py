"""The services over a data folder that no running Tradewire holds."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tradewire.cli.configured import settings_of
from tradewire.cli.exits import Exit, Stop
from tradewire.runtime.clock import SystemClock
from tradewire.runtime.core import is_shared, open_core
from tradewire.runtime.folder import DataFolder
from tradewire.services.services import Services
from tradewire.settings import Settings
from tradewire.store.sqlite_engine import database_path


@contextmanager
def open_services(folder: DataFolder) -> Iterator[Services]:
    """Holds the folder's lock; raises `FolderInUse` while another process does. A database that processes
    share needs no lock.

    A folder without a Tradewire is not made one: that is `tradewire up`'s part.
    """
    settings = settings_of(folder)
    shared = is_shared(settings)
    if not shared and not _is_there(folder, settings):
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


def _is_there(folder: DataFolder, settings: Settings) -> bool:
    """Whether there is a database; one whose key file is missing is told of as that."""
    return database_path(settings.database_url or folder.database_url).exists()
