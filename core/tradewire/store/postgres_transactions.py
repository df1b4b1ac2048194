"""Running a unit of work on some connection, and saying in words what became of it when it did not pass."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tradewire.contract.errors import Unhonoured
from tradewire.store.database import StoreUnavailable
from tradewire.store.postgres_address import Address
from tradewire.store.postgres_connection import (
    READING,
    WRITING,
    Aborted,
    DrivenConnection,
    LostAtCommit,
    Stale,
)
from tradewire.store.postgres_engine import ReadOnlyStandby, make_engine
from tradewire.store.postgres_failures import (
    in_doubt,
    is_locked_out,
    is_misconfigured,
    is_outage,
    is_read_only,
    unavailable,
    was_undone,
)
from tradewire.store.postgres_pool import ConnectionPool
from tradewire.store.postgres_standstill import end_standstill

T = TypeVar("T")

#: How often a unit runs that the server undid because of others.
ATTEMPTS = 4

_FAILURES = (OSError, EOFError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_logger = logging.getLogger(__name__)


class Transactions:
    """Callable from any thread that is not in an event loop."""

    def __init__(
        self,
        address: Address,
        connections: int,
        after_commit: Callable[[int, float], None] | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._address = address
        self._engine = make_engine(address, autocommit=True)
        self._pool = ConnectionPool(self._connect, connections)
        self._after_commit = after_commit
        self._monotonic = monotonic

    def connect(self) -> None:
        """Open the first connection; raises `StoreUnavailable`, or `Unhonoured` for a server to mistrust."""
        connection, _ = self._pool.take()
        self._pool.give_back(connection)

    def run(self, unit: Callable[[Connection], T], begin: str, units: int = 1) -> T:
        """The result of `unit`, committed. `units` is as how many the observer counts it."""
        began = self._monotonic()
        result = self._until_done(unit, begin)
        if begin is WRITING:
            self._tell_observer(units, self._monotonic() - began)
        return result

    def close(self) -> None:
        self._pool.close()

    def _until_done(self, unit: Callable[[Connection], T], begin: str) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return self._once(unit, begin)
            except StoreUnavailable as error:
                if error.__cause__ is None or not self._may_pass_now(error.__cause__):
                    raise
        return self._once(unit, begin)

    def _may_pass_now(self, error: BaseException) -> bool:
        if is_locked_out(error) and self._end_standstill():
            _logger.warning(
                "A process that stood still kept the database locked (%s); its connection was ended.",
                self._address.name,
            )
            return True
        return was_undone(error)

    def _end_standstill(self) -> bool:
        try:
            connection, _ = self._pool.take()
        except StoreUnavailable:
            return False
        try:
            return end_standstill(connection) > 0
        except (Stale, *_FAILURES, DBAPIError) as error:
            _logger.warning("Nobody could be found who keeps the database locked: %s", error)
            return False
        finally:
            self._pool.give_back(connection)

    def _once(self, unit: Callable[[Connection], T], begin: str) -> T:
        while True:
            connection, is_fresh = self._pool.take()
            try:
                return connection.transact(unit, begin)
            except Stale as error:
                # After a restart of the server every idle connection is found to be gone, one by one.
                if is_fresh or isinstance(error.__cause__, TimeoutError):
                    raise self._failed(error.__cause__ or error) from error
            except LostAtCommit as error:
                failure = in_doubt(error.__cause__ or error, self._address.name)
                _logger.warning("%s", failure)
                raise failure from error.__cause__
            except Aborted as error:
                raise StoreUnavailable(
                    f"The database undid a change ({self._address.name}) because a part of it had failed; "
                    "nothing was stored."
                ) from error
            except Exception as error:
                is_refused_write = begin is READING and is_read_only(error)
                if connection.is_lost or (is_outage(error) and not is_refused_write):
                    raise self._failed(error) from error
                raise
            finally:
                self._pool.give_back(connection)

    def _connect(self) -> DrivenConnection:
        with connecting(self._address):
            return DrivenConnection(self._engine)

    def _failed(self, error: BaseException) -> StoreUnavailable:
        failure = unavailable(error, self._address.name)
        if not was_undone(error):
            _logger.warning("%s", failure)
        return failure

    def _tell_observer(self, units: int, seconds: float) -> None:
        if self._after_commit is None:
            return
        try:
            self._after_commit(units, seconds)
        except Exception:
            _logger.exception("The observer of commits raised; what was stored is stored")


@contextmanager
def connecting(address: Address) -> Iterator[None]:
    """What connecting raises, as `StoreUnavailable` or `Unhonoured` in a sentence."""
    try:
        yield
    except ReadOnlyStandby as error:
        raise StoreUnavailable(
            f"The PostgreSQL server is a read-only standby ({address.name}); point database_url at the "
            "primary. Nothing was stored."
        ) from error
    except (*_FAILURES, DBAPIError) as error:
        if is_misconfigured(error):
            # Its text may repeat the URL, and so the password.
            raise Unhonoured(
                f"database_url cannot be used to connect to PostgreSQL ({address.name}): a parameter after "
                "the question mark is not one of libpq's, or a file that it names is not there."
            ) from None
        raise unavailable(error, address.name) from error
