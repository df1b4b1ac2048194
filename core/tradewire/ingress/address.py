"""The parts of a webhook's address behind `/webhook/`, by the names that its provider gives them."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote_to_bytes

from tradewire.contract.provider import Provider
from tradewire.security.keys import find_keys

KEY = "key"
ODD = 404


class OddAddress(Exception):
    """The address has not the parts that its provider needs; the text says which it has."""


def split(raw_path: bytes) -> tuple[str, ...]:
    """The parts of a path as it came, each percent-decoded once, so that `%2F` stays within its part."""
    parts = [part for part in raw_path.split(b"/") if part]
    if b"%" in raw_path:
        parts = [unquote_to_bytes(part) for part in parts]
    return tuple(part.decode("utf-8", "replace") for part in parts)


def template(provider: Provider) -> str:
    """The path of the provider's address, its parts as `{name}`."""
    return "/".join((f"/api/{provider.name}/webhook", *(f"{{{name}}}" for name in provider.address)))


def named(provider: Provider, parts: Sequence[str]) -> dict[str, str]:
    """`parts` by name. Raises `OddAddress` where one is missing or one too many."""
    wanted = provider.address
    if len(parts) > len(wanted):
        behind = "nothing belongs behind it" if not wanted else "it has more parts than that"
        raise OddAddress(f"The webhook's address is {template(provider)}; {behind}.")
    if len(parts) < len(wanted):
        missing = [f"{{{name}}}" for name in wanted[len(parts) :]]
        verb = "is" if len(missing) == 1 else "are"
        raise OddAddress(
            f"The webhook's address is {template(provider)}; {' and '.join(missing)} {verb} missing."
        )
    return dict(zip(wanted, parts, strict=True))


def without_key(path: Mapping[str, str]) -> tuple[str, ...]:
    """What of the address says what the message means."""
    return tuple(part for name, part in path.items() if name != KEY)


def keys_in(path: Mapping[str, str], parts: Iterable[str]) -> list[str]:
    """The key that the address presents, right or wrong, and whatever else in it is shaped like one."""
    presented = [path[KEY]] if KEY in path else []
    return presented + [key for part in parts for key in find_keys(part.encode("utf-8", "replace"))]
