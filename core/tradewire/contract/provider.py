"""Stage parse: a signal format and its parser."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from tradewire.domain.base import Struct
from tradewire.domain.message import Message


class Parsed(Struct):
    """A message, and the key exactly as it was presented (None where the format carries none)."""

    key: str | None
    message: Message


class Provider(ABC):
    """A signal format. The URL `/api/<name>/webhook` selects it.

    | member | | |
    |---|---|---|
    | `name` | required | lower-case, as in the URL |
    | `parse` | required | pure |
    | `title` | optional | what the user reads |
    """

    name: str
    title: str = ""

    @abstractmethod
    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        """The message in `body` (and in the URL's further `path` parts).

        Raises `InvalidMessage` with the field and the reason. An absent field stays None; a field that is
        present and not understood is refused, never guessed.
        """
