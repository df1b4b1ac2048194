"""An authenticator: a connection's key works from certain networks only.

A key that leaked is worth nothing to whoever has it and sits elsewhere. The settings name the networks of a
connection; about connections that they do not name it has nothing to say.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from tradewire import Attempt, Authenticator, Caller, Denied, KeyRing, hookimpl

Network = IPv4Network | IPv6Network


class SourceNetwork(Authenticator):
    """Denies, or says nothing: who the sender is stays the business of the key."""

    name = "source_network"

    def __init__(self, networks: Mapping[str, Sequence[Network]]) -> None:
        """`networks` by the connection's name."""
        self._networks = dict(networks)

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        connection = keys.look_up(attempt.key).connection if attempt.key else None
        networks = self._networks.get(connection) if connection is not None else None
        if networks is None or _is_within(attempt.source, networks):
            return None
        allowed = ", ".join(str(network) for network in networks) or "nowhere"
        return Denied(
            kind="source_network",
            message=f"The key of the connection {connection} works from {allowed} only, and this message "
            f"came from {attempt.source or 'an address that is not known'}.",
        )


def _is_within(source: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(source)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _read(connection: str, written: Any) -> list[Network]:
    if not isinstance(written, list):
        raise ValueError(f'{connection} needs a list of networks, such as ["10.0.0.0/8"]')
    return [ip_network(one) for one in written]


@hookimpl
def authenticate(settings: Mapping[str, Any]) -> Sequence[Authenticator]:
    return [SourceNetwork({name: _read(name, written) for name, written in settings.items()})]
