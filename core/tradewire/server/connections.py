"""How many connections may be open at once: as many as leave the rest of the process the files that it needs.

Each is a file to the system, and what a process may have open is bounded, often at 1024. Without a bound of
ours, whoever opens connections and says nothing takes the files from under the database and the broker.
"""

import resource
from contextlib import suppress

#: Enough for everybody who sends here, and for a while for somebody who means harm.
MOST = 4096
#: Files for the database, the brokers' sessions, the log.
RESERVED = 256
_FEWEST = 64


def open_at_once() -> int:
    """How many the server may take; raises this process's own limit as far as that needs and may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVED
    if _is_below(soft, wanted):
        raised = hard if _is_below(hard, wanted) else wanted
        with suppress(OSError, ValueError):  # some systems have a lower limit that they do not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    if not _is_below(soft, wanted):
        return MOST
    return max(soft - RESERVED, soft // 2, _FEWEST)


def _is_below(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted
