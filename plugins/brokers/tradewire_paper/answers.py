"""What the venue process's answers mean: only what parses is believed."""

from http import HTTPStatus
from typing import TypeVar

import msgspec

from tradewire import Absent, Accepted, FindResult, Found, Inconclusive, Rejected, SubmitResult, Unknown
from tradewire_paper.calls import Reply

_REFUSALS = (409, 422, 429)
#: What msgspec raises for a text that is none of what is asked for; the last for one that is nested too deep.
UNREADABLE = (msgspec.DecodeError, RecursionError)

Body = TypeVar("Body", bound=msgspec.Struct)


def parse(reply: Reply, answer: type[Body]) -> Body | None:
    """The body of a successful answer; None for anything else."""
    if not reply.is_success:
        return None
    try:
        return msgspec.json.decode(reply.body, type=answer)
    except UNREADABLE:
        return None


def to_submit(reply: Reply) -> SubmitResult:
    try:
        if reply.status == HTTPStatus.CREATED:
            return msgspec.json.decode(reply.body, type=Accepted)
        if reply.status in _REFUSALS:
            return msgspec.json.decode(reply.body, type=Rejected)
    except UNREADABLE as problem:
        return Unknown(cause=f"the venue answered {reply.status} with what cannot be read: {problem}")
    return Unknown(cause=f"the venue answered {reply.status}")


def to_find(reply: Reply) -> FindResult:
    if not reply.is_success:
        return Inconclusive(cause=f"the venue answered {reply.status}")
    try:
        return msgspec.json.decode(reply.body, type=Found | Absent)
    except UNREADABLE as problem:
        return Inconclusive(cause=f"the venue's answer cannot be read: {problem}")
