"""Knowing a copy: an explicit id counts for ever, the content for a window from the first accepted one."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, LargeBinary, bindparam, delete, select, type_coerce

from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.base import Struct
from tradewire.store.inserting import RowInsert
from tradewire.store.schema.accounts import algorithms
from tradewire.store.schema.signals import dedupe
from tradewire.store.selecting import RowSelect

#: For how long after an uncertain 503 the same content is taken for its resend, whatever the window.
IN_DOUBT = timedelta(seconds=60)

_GUARDIAN = "duplicate_signal"


class Known(Struct):
    """The first signal of a key; `until` None: for ever."""

    signal_id: str
    until: datetime | None

    def holds(self, now: datetime, in_doubt: bool) -> bool:
        """Whether a message with this key is a copy at `now`."""
        return self.until is None or now < self.until + (IN_DOUBT if in_doubt else timedelta(0))


class _Params(msgspec.Struct):
    window_s: float | None = None


class _Guardian(msgspec.Struct):
    name: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


class _Signal(msgspec.Struct):
    id: str
    provider: str = "tradingview"


class _Algorithm(msgspec.Struct):
    """Of a stored algorithm, only what the window depends on: this is read with every batch."""

    signal: _Signal
    guardians: tuple[_Guardian, ...] = ()


# Built once: putting a statement together costs as much as running it, and these run with every batch.
_ALGORITHMS = RowSelect(algorithms.c.state, type_coerce(algorithms.c.document, LargeBinary))
_KNOWN = RowSelect(dedupe.c.key, dedupe.c.key, dedupe.c.signal_id, dedupe.c.expires_at)
_REMEMBER = RowInsert(dedupe, "key", "signal_id", "expires_at")
# Those that another process is deleting, or putting another in place of, are left to it.
_EXPIRED = (
    select(dedupe.c.key).where(dedupe.c.expires_at < bindparam("before")).with_for_update(skip_locked=True)
)

_decoder = msgspec.json.Decoder(_Algorithm)
_params = msgspec.json.Decoder(_Params, strict=False)


def windows(
    conn: Connection, listened: Iterable[tuple[str, str]], default_s: float
) -> dict[tuple[str, str], timedelta]:
    """For each (provider, strategy id) the smallest window of the started algorithms that listen to it.

    `default_s` seconds where an algorithm says nothing or none listens; 0 switches the check off.
    """
    wanted = set(listened)
    if not wanted:
        return {}
    smallest: dict[tuple[str, str], float] = {}
    for (document,) in _ALGORITHMS(conn, (AlgorithmState.STARTED,)):
        entry, own = _listens(bytes(document), default_s)
        smallest[entry] = min(own, smallest.get(entry, own))
    return {entry: timedelta(seconds=smallest.get(entry, default_s)) for entry in wanted}


def known(conn: Connection, keys: Iterable[str]) -> dict[str, Known]:
    """What is stored under `keys`, also where its window has passed."""
    rows = _KNOWN(conn, set(keys))
    return {key: Known(signal_id=signal_id, until=until) for key, signal_id, until in rows}


def remember(conn: Connection, firsts: dict[str, Known], replaced: Iterable[str]) -> None:
    """Store `firsts` by key, in place of those whose window has passed.

    Raises `IntegrityError` if another transaction stored one of the keys meanwhile.
    """
    if gone := list(replaced):
        conn.execute(delete(dedupe).where(dedupe.c.key.in_(gone)))
    _REMEMBER(conn, [(key, one.signal_id, one.until) for key, one in sorted(firsts.items())])


def forget_expired(conn: Connection, now: datetime) -> int:
    """Delete what no message can be a copy of any more; how many rows that were. For housekeeping."""
    gone = delete(dedupe).where(dedupe.c.key.in_(_EXPIRED))
    return conn.execute(gone, {"before": now - IN_DOUBT}).rowcount


@lru_cache(maxsize=1024)
def _listens(document: bytes, default_s: float) -> tuple[tuple[str, str], float]:
    """To which (provider, strategy id) a stored algorithm listens, and its window in seconds. Kept by what
    is stored, so that it is never out of date."""
    algorithm = _decoder.decode(document)
    return (algorithm.signal.provider, algorithm.signal.id), _window_s(algorithm, default_s)


def _window_s(algorithm: _Algorithm, default_s: float) -> float:
    for guardian in algorithm.guardians:
        if guardian.name == _GUARDIAN:
            return _configured_s(guardian.params, default_s)
    return default_s


def _configured_s(params: msgspec.Raw, default_s: float) -> float:
    try:
        own = _params.decode(params).window_s
    except msgspec.ValidationError:
        # The guardian itself denies for parameters it cannot read; no message may be lost over them.
        return default_s
    return default_s if own is None else max(own, 0.0)
