"""Which algorithms a signal concerns, and which it nearly did."""

import difflib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from tradewire.contract.matcher import Matcher, SignalFacts
from tradewire.domain.algorithm import Algorithm, AlgorithmState
from tradewire.domain.clock import iso

MOST_SENTENCES = 5


class EntrySignalMatcher(Matcher):
    """The provider and the entry signal id must be equal to the character."""

    name = "default"

    def matches(self, signal: SignalFacts, algorithm: Algorithm) -> bool:
        return (
            algorithm.signal.provider == signal.provider and algorithm.signal.id == signal.message.strategy_id
        )


class NearMisses:
    """Why signals that matched nothing perhaps should have, at one moment.

    Whoever sends what nobody listens to sends more of it, so that what was found is kept.
    """

    def __init__(self, algorithms: Iterable[Algorithm], now: datetime) -> None:
        """`algorithms` are all that exist, stopped ones included."""
        self._everything = sorted(algorithms, key=lambda algorithm: algorithm.name)
        self._now = now
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}

    def of(self, signal: SignalFacts) -> tuple[str, ...]:
        """Sentences, the likeliest first, at most 5."""
        sent = (signal.provider, signal.message.strategy_id)
        if sent not in self._found:
            self._found[sent] = self._sought(*sent)
        return self._found[sent]

    def _sought(self, provider: str, received: str) -> tuple[str, ...]:
        if not self._everything:
            return ("There is no algorithm yet; create one with `tradewire algorithm add`.",)
        same_provider = [one for one in self._everything if one.signal.provider == provider]
        others = [one for one in self._everything if one.signal.provider != provider]
        sentences = [
            *(_why_not_asked(one, self._now) for one in same_provider if one.signal.id == received),
            *(_written_differently(one, received) for one in same_provider if one.signal.id != received),
            *(_other_provider(one, provider) for one in others if one.signal.id == received),
        ]
        found = [sentence for sentence in sentences if sentence is not None]
        return tuple(found[:MOST_SENTENCES]) or _closest(same_provider, received)


def _why_not_asked(algorithm: Algorithm, now: datetime) -> str | None:
    name = f'Algorithm "{algorithm.name}" listens to this id, but'
    if algorithm.valid_until is not None and now >= algorithm.valid_until:
        return (
            f"{name} its validity ended at {iso(algorithm.valid_until)}. Give it a new validity and start it."
        )
    start = algorithm.validity.start
    if start is not None and now < start:
        return f"{name} it is valid only from {iso(start)}."
    if algorithm.state is AlgorithmState.STOPPED:
        why = f" ({algorithm.state_reason.rstrip('.')})" if algorithm.state_reason else ""
        return f"{name} it is stopped{why}. Start it with `tradewire algorithm start {algorithm.name}`."
    return None


def _written_differently(algorithm: Algorithm, received: str) -> str | None:
    own = algorithm.signal.id
    if _folded(own) != _folded(received):
        return None
    name = f'Algorithm "{algorithm.name}" listens to "{own}"'
    if own.casefold() == received.casefold():
        return f'{name}, the message says "{received}": upper and lower case count.'
    if "".join(own.split()) == "".join(received.split()):
        return f'{name}, the message says "{received}": they differ only in spaces, and spaces count.'
    return f'{name}, the message says "{received}": they differ in spaces and in upper and lower case.'


@lru_cache(maxsize=1024)
def _folded(signal_id: str) -> str:
    """Without spaces, and without upper and lower case."""
    return "".join(signal_id.split()).casefold()


def _other_provider(algorithm: Algorithm, provider: str) -> str:
    return (
        f'Algorithm "{algorithm.name}" listens to this id from {algorithm.signal.provider}, but the message '
        f"came from {provider}."
    )


def _closest(algorithms: list[Algorithm], received: str) -> tuple[str, ...]:
    close = _most_like(received, frozenset(one.signal.id for one in algorithms))
    if close is None:
        return ()
    names = ", ".join(f'"{one.name}"' for one in algorithms if one.signal.id == close)
    return (f'Did you mean "{close}"? That is the entry signal id of {names}.',)


# Kept, because whoever sends what nobody listens to sends it again, and finding this takes longest of all.
@lru_cache(maxsize=256)
def _most_like(received: str, ids: frozenset[str]) -> str | None:
    close = difflib.get_close_matches(received, sorted(ids - {received}), n=1)
    return close[0] if close else None
