"""The client's address and the Host: only what a trusted proxy says beside the socket's own word."""

import pytest

from tradewire.ingress.source import answered_hosts, client_address, is_allowed_host, networks
from tradewire.settings import ServerSettings

PROXIES = networks(["10.0.0.0/8", "192.168.1.1", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["52.89.214.238"], "203.0.113.5"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["52.89.214.238, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["52.89.214.238", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5, 192.168.1.1"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5, 192.168.1.1, 10.9.9.9"], "203.0.113.5"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("10.0.0.1", ["203.0.113.5, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["\x00', 1=1 --"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("2001:db8::1", ["[2001:4860::1]"], "2001:4860::1"),
        ("2001:4860::2", ["203.0.113.5"], "2001:4860::2"),
    ],
)
def test_the_address_is_the_right_most_hop_that_is_not_trusted(
    peer: str, forwarded: list[str], address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_trusted_proxies_the_header_is_never_looked_at() -> None:
    assert client_address("127.0.0.1", ["52.89.214.238"], ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("hosts", "allowed"),
    [
        (["relay.example.com"], True),
        (["RELAY.example.com:8443"], True),
        (["relay.example.com."], True),
        (["[::1]:80"], True),
        (["[::1]"], True),
        (["evil.example.com"], False),
        (["relay.example.com.evil.com"], False),
        (["relay.example.com", "relay.example.com"], False),
        (["evil.com relay.example.com"], False),
        ([""], False),
        ([], False),
    ],
)
def test_only_an_allowed_host_passes(hosts: list[str], allowed: bool) -> None:
    assert is_allowed_host(hosts, ["relay.example.com", "[::1]"]) is allowed


def test_with_no_hosts_configured_any_passes() -> None:
    assert is_allowed_host([], ())


def test_the_local_names_and_the_public_one_are_answered_beside_the_listed() -> None:
    settings = ServerSettings(allowed_hosts=("other.example.com",), public_url="https://relay.example.com/tw")
    hosts = answered_hosts(settings)
    for name in ("other.example.com", "relay.example.com", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"):
        assert is_allowed_host([name], hosts)
    assert not is_allowed_host(["rebound.example.net"], hosts)


def test_with_none_listed_any_name_is_answered() -> None:
    assert is_allowed_host(["rebound.example.net"], answered_hosts(ServerSettings()))
