"""Slowing down whoever keeps trying one wrong key, without ever locking out an address that others share."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from tradewire.domain.clock import Clock

TRIES = 20
WINDOW_S = 600.0
LOCKED_S = 900.0
MOST_PAIRS = 10_000


@dataclass(slots=True)
class _Pair:
    tries: deque[float] = field(default_factory=lambda: deque(maxlen=TRIES))
    locked_until: float | None = None


class Lockout:
    """Counts wrong tries per (source, key digest). Right keys are never counted and so never locked.

    TradingView's addresses are shared by all its users: a wrong key from one of them says nothing about the
    next request from the same address. Used from one thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pairs: OrderedDict[tuple[str, str], _Pair] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pairs)

    def is_locked(self, source: str, key_digest: str) -> bool:
        """Whether further tries of this pair are refused unseen at the moment."""
        pair = self._pairs.get((source, key_digest))
        if pair is None or pair.locked_until is None:
            return False
        if self._clock.monotonic() < pair.locked_until:
            return True
        del self._pairs[(source, key_digest)]
        return False

    def count_wrong(self, source: str, key_digest: str) -> bool:
        """Count one wrong try; whether the pair was locked already when it came."""
        if self.is_locked(source, key_digest):
            return True
        now = self._clock.monotonic()
        pair = self._pairs.setdefault((source, key_digest), _Pair())
        self._pairs.move_to_end((source, key_digest))
        pair.tries.append(now)
        if len(pair.tries) == TRIES and now - pair.tries[0] <= WINDOW_S:
            pair.locked_until = now + LOCKED_S
        while len(self._pairs) > MOST_PAIRS:
            self._pairs.popitem(last=False)
        return False
