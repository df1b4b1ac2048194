"""A matcher: `scanner/*` as an algorithm's entry signal id takes `scanner/gap` and `scanner/breakout`.

`*` stands for any characters, `?` for one, `[ab]` for one of these. Upper and lower case count, as they do in
Tradewire's own matcher, which goes on taking the id as it is written.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from tradewire import Algorithm, Matcher, SignalFacts, hookimpl


class Wildcard(Matcher):
    """Yes, if the message's id is of the form that the algorithm's id describes."""

    name = "wildcard"

    def matches(self, signal: SignalFacts, algorithm: Algorithm) -> bool:
        wanted = algorithm.signal
        return wanted.provider == signal.provider and fnmatchcase(signal.message.strategy_id, wanted.id)


@hookimpl
def match() -> Sequence[Matcher]:
    return [Wildcard()]
