"""How a connection's messages are sent: the address, and what to put into an alert."""

from tradewire.contract.provider import Provider
from tradewire.domain.base import Struct
from tradewire.ingress.address import template


class Sending(Struct):
    """`{key}` and `{strategyId}` stand in all three for what the user has.

    `path` is the address behind the server's name, `alert` the message of an alert, with the placeholders
    that its sender fills in, `trial` one that is complete. Both are empty where the format shows none.
    """

    path: str
    alert: str = ""
    trial: str = ""


def sending(provider: Provider | None) -> Sending | None:
    """What `provider` says of itself; None where it is not installed any more."""
    if provider is None:
        return None
    return Sending(path=template(provider), alert=provider.alert, trial=provider.trial)
