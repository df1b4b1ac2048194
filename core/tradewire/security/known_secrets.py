"""Secrets that look like nothing: a broker's password, a PIN, the password in a database's URL.

No pattern finds these in a text, so whoever opens one remembers it here, and every log line, answer and
stored sentence is searched for it. They are kept in memory for as long as the process lives, as they are in
the sessions and connections that use them.
"""

from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

#: Shorter ones would be masked within ordinary words.
SHORTEST = 5
MASK = "…"


class KnownSecrets:
    """Texts to be masked wherever they stand; used from any thread."""

    def __init__(self) -> None:
        self._longest_first: tuple[str, ...] = ()

    def remember(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, as they are and as they are written in a URL."""
        new = {one for one in secrets if len(one) >= SHORTEST}
        new |= {quote(one, safe="") for one in new}
        if not new <= set(self._longest_first):
            every = new.union(self._longest_first)
            # Replaced, never changed: a reader may be in the middle of it.
            self._longest_first = tuple(sorted(every, key=len, reverse=True))

    def remember_url(self, url: str | None) -> None:
        """Mask the password of a URL, which is None where there is none."""
        if url is None:
            return
        try:
            password = urlsplit(url).password
        except ValueError:
            return
        if password:
            self.remember((password, unquote(password)))

    def mask(self, text: str) -> str:
        for secret in self._longest_first:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


#: This process's: what it has opened, whatever part of it writes the log.
known = KnownSecrets()
