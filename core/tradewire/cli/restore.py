"""`tradewire restore`: a backup into a data folder, with everything in it held back until it was compared."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.ask import hidden, is_interactive, yes_or_no
from tradewire.cli.configured import settings_of
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.progress import counting

if TYPE_CHECKING:
    from tradewire.runtime.folder import DataFolder
    from tradewire.runtime.restore import RestoredFolder
    from tradewire.services.backup.reading import Archive


def register(app: App) -> None:
    app.command(restore)


def restore(
    file: Annotated[Path, Parameter(help="The backup.")],
    /,
    *,
    data: Annotated[Path, Parameter(env_var="TRADEWIRE_DATA", help="The data folder.")] = Path(".tradewire"),
    database_url: Annotated[
        str | None,
        Parameter(help="The database to restore into, without a password; the settings' one by default."),
    ] = None,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask before replacing what is there.")] = False,
    without_key: Annotated[
        bool, Parameter(negative="", help="Go on without the key file; credentials are to be renewed.")
    ] = False,
    damaged: Annotated[
        bool, Parameter(negative="", help="Go on though the ledger in it was changed.")
    ] = False,
    json: Annotated[bool, Parameter(negative="", help="One JSON document on stdout.")] = False,
) -> None:
    """Put a backup in place; nothing of it is sent before `tradewire confirm`."""
    from tradewire.runtime.clock import SystemClock
    from tradewire.runtime.core import key_file_of
    from tradewire.runtime.folder import DataFolder
    from tradewire.runtime.restore import Choices, restore_folder
    from tradewire.services.backup.reading import open_archive

    folder = DataFolder(data)
    _without_password(database_url)
    with open_archive(file) as archive:
        with counting("Checking", "rows", archive.manifest.rows) as advance:
            archive.verify(advance)
        with folder.lock():
            settings = settings_of(folder)
            url = database_url or settings.database_url or folder.database_url
            key_file = key_file_of(folder, settings)
            _ask(url, archive, yes)
            passphrase = _passphrase(key_file, archive, without_key)
            choices = Choices(passphrase=passphrase, without_key=without_key, damaged=damaged)
            with counting("Restoring", "rows", archive.manifest.rows) as advance:
                outcome = restore_folder(folder, url, key_file, archive, choices, SystemClock(), advance)
        _tell(folder, archive, outcome, json)


def _without_password(url: str | None) -> None:
    if url is not None and "@" in url and ":" in url.partition("://")[2].rpartition("@")[0]:
        raise Stop(
            Exit.USAGE,
            "--database-url holds a password, which everybody on this machine could read in the list of "
            "processes. Put the address into the variable TRADEWIRE_DATABASE_URL instead.",
        )


def _ask(url: str, archive: "Archive", yes: bool) -> None:
    standing = _standing(url)
    if yes or standing is None:
        return
    made = f"{archive.manifest.made_at:%Y-%m-%d %H:%M} UTC"
    what = f"{standing} is there already. It is kept beside, and the backup of {made} takes its place."
    if not is_interactive():
        raise Stop(Exit.USAGE, f"{what} Say --yes if that is meant.")
    if not yes_or_no(f"{what} Go on?"):
        raise Stop(Exit.REFUSED, "Nothing was restored.")


def _standing(url: str) -> str | None:
    """What a restore would put aside, as a sentence names it; None for an empty place."""
    from sqlalchemy import inspect

    from tradewire.store.database import backend
    from tradewire.store.sqlite_engine import database_path

    if backend(url) == "postgresql":
        from tradewire.store.postgres_upgrade import on_postgres

        return on_postgres(url, lambda conn, name: name if inspect(conn).get_table_names() else None)
    database = database_path(url)
    return str(database) if database.exists() else None


def _passphrase(key_file: Path, archive: "Archive", without_key: bool) -> str | None:
    if key_file.exists() or without_key or archive.sealed_key is None:
        return None
    return hidden("The passphrase of the key file in the backup: ")


def _tell(folder: "DataFolder", archive: "Archive", outcome: "RestoredFolder", json: bool) -> None:
    held = outcome.restored.held
    if json:
        told = {
            "folder": str(folder.path),
            "made_at": archive.manifest.made_at,
            "rows": outcome.restored.rows,
            "aside": outcome.aside,
            "key": outcome.key,
            "held": held,
            "damage": outcome.restored.damage,
        }
        screen.print_json(msgspec.json.encode(told))
        return
    lines = [f"Restored into {folder.path}: {outcome.restored.rows:,} rows; the ledger was verified."]
    if outcome.aside is not None:
        lines.append(f"What was there is now {outcome.aside}; remove it when you are content.")
    if outcome.key == "none":
        lines.append("There is no key file: every key and credential is to be made anew.")
    lines += [f"The ledger: {sentence}" for sentence in outcome.restored.damage]
    lines.append(
        f"Held back: {held.signals} signals and {held.ended} orders ended, {held.paused} orders paused, "
        f"{held.unsure} to be looked up at the broker."
    )
    lines += [
        "",
        "Every account is halted. Now:",
        "  tradewire up                      connects the accounts and compares them",
        "  tradewire positions --by account  what is held, and what no order accounts for",
        "  tradewire orders --live           what may still be open at the broker",
        '  tradewire confirm --reason "…"    lets the accounts trade again',
    ]
    sys.stdout.write("\n".join(lines) + "\n")
