"""What the venue process's answers mean: only what parses is believed."""

from typing import TypeVar

import httpx
import msgspec

from tradewire import Absent, Accepted, FindResult, Found, Inconclusive, Rejected, SubmitResult, Unknown

_REFUSALS = (409, 422, 429)

Body = TypeVar("Body", bound=msgspec.Struct)


def parse(reply: httpx.Response, answer: type[Body]) -> Body | None:
    """The body of a successful answer; None for anything else."""
    if not reply.is_success:
        return None
    try:
        return msgspec.json.decode(reply.content, type=answer)
    except msgspec.DecodeError:
        return None


def to_submit(reply: httpx.Response) -> SubmitResult:
    try:
        if reply.status_code == httpx.codes.CREATED:
            return msgspec.json.decode(reply.content, type=Accepted)
        if reply.status_code in _REFUSALS:
            return msgspec.json.decode(reply.content, type=Rejected)
    except msgspec.DecodeError as problem:
        return Unknown(cause=f"the venue answered {reply.status_code} with what cannot be read: {problem}")
    return Unknown(cause=f"the venue answered {reply.status_code}")


def to_find(reply: httpx.Response) -> FindResult:
    if not reply.is_success:
        return Inconclusive(cause=f"the venue answered {reply.status_code}")
    try:
        return msgspec.json.decode(reply.content, type=Found | Absent)
    except msgspec.DecodeError as problem:
        return Inconclusive(cause=f"the venue's answer cannot be read: {problem}")


def describe(problem: Exception) -> str:
    """The cause in words; httpx leaves the text of some of its errors empty."""
    if isinstance(problem, httpx.TimeoutException):
        return "the venue did not answer in time"
    return f"the connection to the venue failed ({str(problem) or type(problem).__name__})"
