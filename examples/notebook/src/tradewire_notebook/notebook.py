"""The broker: what an account needs to be told, and how a session of it is opened."""

import asyncio
from pathlib import Path

import msgspec

from tradewire import (
    AccountConfig,
    AccountMode,
    Broker,
    ConfigField,
    Env,
    Manifest,
    Session,
    Unhonoured,
)
from tradewire_notebook import pages, symbols
from tradewire_notebook.pages import Entry
from tradewire_notebook.session import ENTRY, NotebookSession


class Notebook(Broker):
    """Every order is executed at once, at the price that stands in the price file."""

    name = "notebook"
    manifest = Manifest(
        title="Notebook",
        fields=(
            ConfigField(name="prices", description="the CSV file with symbols and prices", required=True),
            ConfigField(name="file", description="the CSV file that orders are written into", required=True),
        ),
        modes=(AccountMode.PAPER,),
    )

    async def open(self, account: AccountConfig, env: Env) -> Session:
        """The notebook as it was left. Raises `Unhonoured` where one of the files cannot be used."""
        prices, file = Path(str(account.config["prices"])), Path(str(account.config["file"]))
        await asyncio.to_thread(symbols.read, prices, account.currency)
        stored = await env.state.items(ENTRY)
        entries = sorted(
            (msgspec.json.decode(entry, type=Entry) for entry in stored.values()), key=lambda one: one.number
        )
        try:
            await asyncio.to_thread(pages.rewrite, file, entries)
        except OSError as error:
            raise Unhonoured(f"The notebook {file} cannot be written: {error.strerror or error}.") from error
        return NotebookSession(prices, file, account.currency, env, entries)
