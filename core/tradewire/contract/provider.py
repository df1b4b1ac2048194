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
    | `parse` | required | pure; at most 1 s |
    | `title` | optional | what the user reads |
    | `address` | optional | names of the URL's further parts, all needed; `key` is the connection's key |
    | `alert` | optional | a message for the user to copy; `{key}` and `{strategyId}` in it are filled in |
    | `trial` | optional | the same with everything filled in, for a first try |
    """

    name: str
    title: str = ""
    address: tuple[str, ...] = ()
    alert: str = ""
    trial: str = ""

    @abstractmethod
    def parse(self, body: bytes, path: Mapping[str, str]) -> Parsed:
        """The message in `body` and in `path`, the URL's further parts by the names in `address`.

        Raises `InvalidMessage` with the field and the reason. An absent field stays None; a field that is
        present and not understood is refused, never guessed.
        """
