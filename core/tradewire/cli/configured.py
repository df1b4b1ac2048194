"""The settings that a data folder's Tradewire would start with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewire.runtime.folder import DataFolder
    from tradewire.settings import Settings


def settings_of(folder: "DataFolder") -> "Settings":
    """From TRADEWIRE_CONFIG or the folder's own file, and the environment over it; raises `SettingsError`."""
    from tradewire.settings import load_settings

    chosen = os.environ.get("TRADEWIRE_CONFIG")
    file = Path(chosen) if chosen else folder.settings_file
    return load_settings(file, os.environ, required=chosen is not None)
