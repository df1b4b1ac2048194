"""How names are compared, and how what came is shown in a sentence."""

import re

LONGEST_SHOWN = 40

_KEY_LIKE = re.compile(r"(?i)tw_(live|api)_")


def folded(name: str) -> str:
    """A field's name without case, `_`, `-` and outer spaces: apiKey, api_key and APIKEY are one."""
    return name.strip().casefold().replace("_", "").replace("-", "")


def is_key_like(text: str) -> bool:
    """Whether a webhook key or API token stands somewhere in `text`."""
    return _KEY_LIKE.search(text) is not None


def shown(text: str) -> str:
    """`text` for a sentence: printable, at most 40 characters, never a key."""
    if is_key_like(text):
        return "a key"
    short = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
    if short.isprintable():
        return short
    return "".join(character if character.isprintable() else "�" for character in short)
