"""What a backup is: a zip file with a manifest, and one file of JSON lines for each table.

Nothing in it is bound to a kind of database, so that what was backed up from SQLite can be restored into
PostgreSQL. Credentials and keys are in it as they are in the database: sealed, or as digests.
"""

from datetime import datetime

from tradewire.domain.base import Struct

#: Raised whenever an older Tradewire could not read the file.
FORMAT = 1
MANIFEST = "manifest.json"
README = "README.txt"
#: The key file, encrypted by a passphrase; only where it was asked for.
SEALED_KEY = "secret.key.sealed"

ABOUT = """\
This is a backup of Tradewire: every table of its database as JSON lines, and a manifest with their checksums.
`tradewire restore FILE` puts it into an empty data folder, or over an existing one.

It does not hold the settings (tradewire.toml), and the key file (secret.key) only if it was made with
--with-key: then it is in secret.key.sealed, encrypted by the passphrase. Without the key file, credentials
and webhook keys cannot be opened again; keep a copy of it apart from this file.
"""


class Column(Struct):
    """`kind` is one of `tradewire.services.backup.columns.KINDS`."""

    name: str
    kind: str


class TableEntry(Struct):
    """One table: how many rows, and the SHA-256 (hex) of its JSON lines."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        return member(self.name)


class BackupManifest(Struct):
    """`revision` is the database's migration, `number` and `hash` are the last sealed entry's, if any."""

    format: int
    tradewire: str
    revision: str
    database: str
    made_at: datetime
    store_id: str | None
    number: int | None
    hash: str | None
    tables: tuple[TableEntry, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def member(table: str) -> str:
    """The file of a table within the zip."""
    return f"tables/{table}.jsonl"
