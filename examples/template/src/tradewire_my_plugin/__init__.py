"""A guardian: no entries above a quantity of your own."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradewire import (
    GuardedOrder,
    Guardian,
    GuardView,
    Purpose,
    Scope,
    Verdict,
    allow,
    block,
    hookimpl,
    not_applicable,
)


class MyParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the user writes below `[guardians.my_plugin]`."""

    most: Decimal


class MyGuardian(Guardian):
    """Entries above `most` are blocked; exits pass."""

    name = "my_plugin"
    scopes = frozenset(Scope)
    Params = MyParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        most = view.params.most
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "It judges entries only.")
        if order.quantity > most:
            return block("too_many", f"{order.quantity} are more than {most}.", limit=str(most))
        return allow("few_enough", f"{order.quantity} are not more than {most}.", limit=str(most))


@hookimpl
def guard() -> Sequence[Guardian]:
    return [MyGuardian()]
