"""Why a pending order is not admitted yet."""

from tradewire.domain.base import Struct


class Waiting(Struct):
    """Not now: the reason, and whether it is worth showing to the user.

    `bounded`: for this it waits only so long, and then ends, since too late is no. `own`: what waits so holds
    back only its own algorithm's later orders, since it may take hours; otherwise its whole lane waits.
    """

    reason: str
    shown: bool = False
    bounded: bool = True
    own: bool = False
