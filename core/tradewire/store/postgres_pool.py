"""Connections that wait to be used, taken by one thread each."""

import threading
from collections.abc import Callable

from tradewire.store.database import StoreUnavailable
from tradewire.store.postgres_connection import DrivenConnection

#: Seconds to wait for a connection while all are in use.
WAIT_S = 10.0


class ConnectionPool:
    """At most so many at once. What a restart of the server left unusable is replaced when it is met."""

    def __init__(self, connect: Callable[[], DrivenConnection], most: int) -> None:
        self._connect = connect
        self._most = most
        self._changed = threading.Condition()
        self._idle: list[DrivenConnection] = []
        self._made = 0
        self._closed = False

    def take(self) -> tuple[DrivenConnection, bool]:
        """A connection and whether it is fresh; give it back. Raises what connecting raises."""
        with self._changed:
            free = self._changed.wait_for(
                lambda: self._idle or self._made < self._most or self._closed, WAIT_S
            )
            if self._closed:
                raise StoreUnavailable("The database is closed because Tradewire is stopping.")
            if not free:
                raise StoreUnavailable(
                    f"All {self._most} connections to PostgreSQL were in use for {WAIT_S:.0f} s; nothing was "
                    "stored."
                )
            if self._idle:
                return self._idle.pop(), False
            self._made += 1
        try:
            return self._connect(), True
        except BaseException:
            self._forget()
            raise

    def give_back(self, connection: DrivenConnection) -> None:
        """For the next one, unless it is of no more use."""
        if connection.is_usable:
            with self._changed:
                if not self._closed:
                    self._idle.append(connection)
                    self._changed.notify()
                    return
        self._forget()
        connection.close()

    def close(self) -> None:
        """Close what is idle now, and the rest as it is given back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            self._forget()
            connection.close()

    def _forget(self) -> None:
        with self._changed:
            self._made -= 1
            self._changed.notify()
