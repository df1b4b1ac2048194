"""One request as it reached the door."""

from datetime import datetime

from tradewire.domain.base import Struct

ANSWER_WITHIN_S = 2.4


class Received(Struct, kw_only=True):
    """`source` is the client's address, `path` the URL's parts after `/webhook/`.

    `body` holds at most the body limit, cut off where more was sent. `time_left_s` is what remains of the
    time in which every request is answered, in seconds.
    """

    provider: str
    path: tuple[str, ...] = ()
    body: bytes
    source: str
    received_at: datetime
    time_left_s: float = ANSWER_WITHIN_S
