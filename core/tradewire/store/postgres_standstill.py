"""Taking locks from a process that stands still in the middle of a transaction.

The server ends a transaction that is idle for long by itself. It does not where the process froze between
the two halves of a statement (asyncpg has a new one prepared first): then it counts as active, no time-out
of the server's applies, and its locks would be held for as long as its machine is up.
"""

from sqlalchemy import Connection, text

from tradewire.store.postgres_connection import READING, DrivenConnection
from tradewire.store.postgres_engine import IDLE_IN_TRANSACTION_S

# No program takes seconds between two halves of a statement, unless it is frozen or its machine is away. One
# that only reads, such as a backup that somebody fetches slowly, keeps nobody from writing.
_END = text(
    """
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND application_name = 'tradewire'
      AND pid <> pg_backend_pid() AND wait_event = 'ClientRead' AND state <> 'idle'
      AND state_change < clock_timestamp() - make_interval(secs => :seconds)
      AND EXISTS (
        SELECT FROM pg_locks WHERE pg_locks.pid = pg_stat_activity.pid AND granted
        AND locktype <> 'virtualxid' AND mode <> 'AccessShareLock'
      )
    """
)


def end_standstill(connection: DrivenConnection) -> int:
    """End Tradewire's own connections that have waited for their process with locks in hand; how many."""

    def ended(conn: Connection) -> int:
        return int(conn.execute(_END, {"seconds": float(IDLE_IN_TRANSACTION_S)}).scalar_one())

    return connection.transact(ended, READING)
