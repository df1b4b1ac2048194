"""Stage match: which algorithms does a signal concern?"""

from abc import ABC, abstractmethod
from datetime import datetime

from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.message import Message


class SignalFacts(Struct):
    """A stored signal as the stages see it. `received_at` is when its request arrived."""

    id: str
    provider: str
    connection: str
    message: Message
    received_at: datetime
    accepted_at: datetime


class Matcher(ABC):
    """Says whether a signal concerns an algorithm.

    | member | | |
    |---|---|---|
    | `name` | required | |
    | `matches` | required | pure |

    Asked for every started algorithm that has it in its chain (`default` stands first in each); the answers
    are united. An exception fails the signal visibly.
    """

    name: str

    @abstractmethod
    def matches(self, signal: SignalFacts, algorithm: Algorithm) -> bool:
        """Whether `algorithm` should act on `signal`."""
