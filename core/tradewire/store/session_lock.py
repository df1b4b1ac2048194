"""A name that one process at a time may bear in a PostgreSQL database, for as long as it lives.

The lock belongs to a connection of its own: it ends with the process, however that ends. A process that is
frozen keeps it.
"""

import hashlib
import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, text

from tradewire.contract.errors import Unhonoured
from tradewire.store.database import StoreUnavailable
from tradewire.store.postgres_address import address_of
from tradewire.store.postgres_connection import WRITING, DrivenConnection
from tradewire.store.postgres_engine import make_engine
from tradewire.store.postgres_transactions import connecting

log = structlog.get_logger()

#: Seconds after which the server gives the lock of a machine away that is gone without a word.
_KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


class NameTaken(Unhonoured):
    """Another living process bears the name."""


class SessionLock:
    """Every method blocks, and is called from no event loop."""

    def __init__(self, url: str, name: str) -> None:
        self._address = address_of(url)
        self._name = name
        self._key = int.from_bytes(hashlib.blake2s(name.encode(), digest_size=8).digest(), signed=True)
        self._connection: DrivenConnection | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> None:
        """Bear the name; raises `NameTaken` where another does, and `StoreUnavailable`."""
        with connecting(self._address):
            engine = make_engine(self._address, autocommit=True, **_KEEPALIVE)
            connection = DrivenConnection(engine)
        try:
            is_free = connection.transact(self._try, WRITING)
        except Exception as error:
            connection.close()
            raise StoreUnavailable(
                f"The PostgreSQL server was lost while a name was taken ({self._address.name})."
            ) from error
        if not is_free:
            connection.close()
            raise NameTaken(f"Another living process on this database is called {self._name}.")
        self._connection = connection

    def keep(self, every_s: float, on_lost: Callable[[NameTaken], None]) -> None:
        """Take it again whenever the server was restarted; `on_lost` where another was quicker."""
        self._thread = threading.Thread(
            target=self._run, args=(every_s, on_lost), name="tradewire-name", daemon=True
        )
        self._thread.start()

    def release(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._drop()

    def _run(self, every_s: float, on_lost: Callable[[NameTaken], None]) -> None:
        while not self._stopping.wait(every_s):
            try:
                if not self._is_borne():
                    self.take()
            except StoreUnavailable as error:
                log.warning("This process' name waits for the database.", error=str(error))
            except NameTaken as taken:
                on_lost(taken)
                return

    def _is_borne(self) -> bool:
        if self._connection is not None:
            try:
                self._connection.transact(_look, WRITING)
                return True
            except Exception as error:  # noqa: BLE001 - whatever it was, the connection is of no more use
                log.info("The connection that bears this process' name was lost.", error=type(error).__name__)
                self._drop()
        return False

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _try(self, conn: Connection) -> bool:
        return bool(conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar())


def _look(conn: Connection) -> None:
    conn.execute(text("SELECT 1")).close()
