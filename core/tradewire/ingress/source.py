"""Where a request really comes from, and whether it was meant for this server."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from tradewire.settings import ServerSettings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: The four addresses that TradingView sends from, by its help pages.
TRADINGVIEW = frozenset({"52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7"})


LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks ("10.0.0.1", "172.16.0.0/12") as networks. Raises `ValueError`."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The socket's peer, unless that is a trusted proxy: then the right-most untrusted hop.

    `forwarded` are the X-Forwarded-For headers in order. What stands to the left of the first hop that is
    not trusted is anybody's claim and never looked at; nor is anything that is no address.
    """
    if not trusted:
        return _written(peer)
    address = _address(peer)
    if address is None or not _trusted(address, trusted):
        return _written(peer)
    nearest = address
    for hop in reversed([hop.strip() for header in forwarded for hop in header.split(",")]):
        further = _address(hop)
        if further is None:
            break
        nearest = further
        if not _trusted(further, trusted):
            break
    return str(nearest)


def answered_hosts(settings: ServerSettings) -> frozenset[str]:
    """The names this server answers for, besides its own local ones; empty: any name."""
    if not settings.allowed_hosts:
        return frozenset()
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    return frozenset({*settings.allowed_hosts, *LOCAL_HOSTS, *([public] if public else [])})


def is_allowed_host(hosts: Sequence[str], allowed: Collection[str]) -> bool:
    """Whether the one Host header names an allowed host, whatever its port; none configured: any does."""
    if not allowed:
        return True
    if len(hosts) != 1:
        return False
    host = hosts[0].strip().lower()
    if not host.endswith("]"):
        host = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
    return host.rstrip(".") in {one.lower() for one in allowed}


@lru_cache(maxsize=256)
def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=256)
def _written(peer: str) -> str:
    address = _address(peer)
    return peer if address is None else str(address)


def _trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)
