"""The guardian `validity`: an algorithm acts only as long as it was meant to."""

from collections.abc import Sequence

from tradewire import Guardian, hookimpl
from tradewire_session.validity import ValidityGuardian


@hookimpl
def guard() -> Sequence[Guardian]:
    return [ValidityGuardian()]
