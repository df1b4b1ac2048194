"""What the door says: an HTTP status and one of these bodies, told apart by `status`."""

from msgspec import UNSET, UnsetType

from tradewire.domain.base import Struct

RETRY_AFTER_S = 5


class AcceptedBody(Struct, tag_field="status", tag="accepted"):
    """The signal is committed under this id."""

    id: str


class DuplicateBody(Struct, tag_field="status", tag="duplicate"):
    """The same message was accepted before, as the signal `of`."""

    of: str


class InvalidBody(Struct, tag_field="status", tag="invalid"):
    """It will never run: the field at fault (null: the whole body) and a sentence why.

    `id` is its place in the Signal Log; absent where no valid key was found.
    """

    field: str | None
    reason: str
    id: str | UnsetType = UNSET


class UnauthorizedBody(Struct, tag_field="status", tag="unauthorized", kw_only=True):
    """Nobody known sent it: a kind for programs and a sentence."""

    error: str = "Invalid API Key"
    kind: str
    message: str


class RefusedBody(Struct, tag_field="status", tag="refused"):
    """The request itself is at fault, whatever its message says. `id` as in `InvalidBody`."""

    kind: str
    reason: str
    id: str | UnsetType = UNSET


class UnavailableBody(Struct, tag_field="status", tag="unavailable"):
    """It cannot be taken now; a resend is wanted."""

    reason: str


Body = AcceptedBody | DuplicateBody | InvalidBody | UnauthorizedBody | RefusedBody | UnavailableBody


class Answer(Struct):
    """`status` is the HTTP status; `retry_after_s` goes into the Retry-After header."""

    status: int
    body: Body
    retry_after_s: int | None = None

    @property
    def kind(self) -> str:
        """The body's `status`: one of the six words, never a user's."""
        return str(self.body.__struct_config__.tag)


def unavailable(reason: str) -> Answer:
    """A 503: TradingView sends the same message again after 5 s."""
    return Answer(status=503, body=UnavailableBody(reason=reason), retry_after_s=RETRY_AFTER_S)


def unauthorized(kind: str, message: str) -> Answer:
    return Answer(status=401, body=UnauthorizedBody(kind=kind, message=message))
