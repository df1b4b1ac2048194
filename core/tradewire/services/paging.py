"""Pages of a list, newest first: `after` is the cursor that the page before gave as `next`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Row, Select

from tradewire.services.refusal import Code, Refused

DEFAULT_LIMIT = 50
MOST = 500


def page_of(query: Select[Any], seq: Column[int], limit: int, after: str | None) -> Select[Any]:
    """`query` limited to one row more than the page, which tells whether there is another page."""
    if not 1 <= limit <= MOST:
        raise Refused(Code.INVALID, f"limit is a number from 1 to {MOST}.")
    if after is not None:
        if not after.isdecimal() or len(after) > 18:
            raise Refused(Code.INVALID, "after is the `next` of the page before; omit it for the first.")
        query = query.where(seq < int(after))
    return query.order_by(seq.desc()).limit(limit + 1)


def cut(rows: Sequence[Row[Any]], limit: int) -> tuple[Sequence[Row[Any]], str | None]:
    """The rows of the page, and the cursor of the next one."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], str(rows[limit - 1].seq)
