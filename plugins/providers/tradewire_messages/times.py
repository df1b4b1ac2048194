"""Moments: ISO 8601 with a zone, or Unix seconds or milliseconds."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tradewire import InvalidMessage, as_utc
from tradewire_messages.wording import shown

_UNIX = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_FIRST_SECOND, _LAST_SECOND = Decimal(946_684_800), Decimal(4_102_444_800)


def moment(field: str, value: Any) -> datetime:
    """The moment in `value`, in UTC; raises `InvalidMessage` where it is none or its zone is missing."""
    if not isinstance(value, str):
        raise InvalidMessage(field, f"{field} must be a time such as 2026-03-02T14:30:00Z, or Unix seconds.")
    text = value.strip()
    return _from_unix(field, text) if _UNIX.fullmatch(text) else _from_iso(field, text)


def _from_unix(field: str, text: str) -> datetime:
    number = Decimal(text)
    seconds = number if number <= _LAST_SECOND else number / 1000
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise InvalidMessage(
            field,
            f"{field} is {shown(text)}, which is neither Unix seconds nor milliseconds of this century.",
        )
    return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))


def _from_iso(field: str, text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InvalidMessage(
            field,
            f'{field} is "{shown(text)}", which is not a time; write it as 2026-03-02T14:30:00Z, or use '
            "{{timenow}} in the alert's Message box.",
        ) from None
    if parsed.tzinfo is None:
        raise InvalidMessage(
            field, f'{field} is "{shown(text)}", without a zone; add Z for UTC, or an offset such as -05:00.'
        )
    if not _FIRST_YEAR <= parsed.year < _LAST_YEAR:
        raise InvalidMessage(field, f'{field} is "{shown(text)}", which is not in this century.')
    return as_utc(parsed)
