"""`python -m tradewire.store.migrations.draft 0002 "Add a table"`: drafts a migration from the schema.

To be read and finished by hand: alembic sees neither renames nor triggers.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from alembic import command
from alembic.script import Script

from tradewire.store.migrations.scripts import configuration
from tradewire.store.sqlite_engine import migrating_engine


def draft(revision: str, message: str) -> Path:
    """Write the difference between the migrations there are and the schema; returns the new file."""
    with TemporaryDirectory() as folder, migrating_engine(f"sqlite:///{folder}/d.db").connect() as connection:
        config = configuration(connection)
        command.upgrade(config, "head")
        script = command.revision(config, message, autogenerate=True, rev_id=revision)
    return Path(cast(Script, script).path)


if __name__ == "__main__":
    sys.stdout.write(f"{draft(*sys.argv[1:])}\n")
