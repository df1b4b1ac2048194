"""An algorithm as it is stored: from its file's draft, its columns, and when its validity ends."""

from datetime import datetime
from uuid import uuid4

import msgspec

from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm, AlgorithmState, ValidityKind
from tradewire.domain.clock import iso
from tradewire.domain.session import SessionCalendar
from tradewire.domain.validity import valid_until
from tradewire.services.algorithm_file import AlgorithmDraft
from tradewire.services.refusal import Code, Refused


def made_of(draft: AlgorithmDraft, account: Account, now: datetime) -> Algorithm:
    return Algorithm(
        id=str(uuid4()),
        name=draft.name,
        account_id=account.id,
        signal=draft.signal,
        symbol=draft.symbol,
        side=draft.side,
        quantity=draft.quantity,
        sizing=draft.sizing,
        dynamic=draft.dynamic,
        allow_shorts=bool(draft.allow_shorts),
        on_opposite=draft.on_opposite,
        max_entries=draft.max_entries,
        when_closed=draft.when_closed,
        blueprint=draft.blueprint,
        guardians=draft.guardians,
        validity=draft.validity,
        pipeline=draft.pipeline,
        state_reason="not started yet",
        created_at=now,
    )


def replaced(
    before: Algorithm, after: Algorithm, now: datetime, calendar: SessionCalendar | None
) -> Algorithm:
    """`after` in the place of `before`; where it acts, a validity that is new is measured from now."""
    kept = msgspec.structs.replace(
        after,
        id=before.id,
        created_at=before.created_at,
        state=before.state,
        state_reason=before.state_reason,
        started_at=before.started_at,
        valid_until=before.valid_until,
        version=before.version + 1,
    )
    if kept.state is AlgorithmState.STOPPED or kept.validity == before.validity:
        return kept
    return msgspec.structs.replace(kept, valid_until=end_of(kept, now, calendar))


def columns_of(algorithm: Algorithm) -> dict[str, object]:
    return {
        "name": algorithm.name,
        "account_id": algorithm.account_id,
        "provider": algorithm.signal.provider,
        "state": algorithm.state.value,
        "valid_until": algorithm.valid_until,
        "document": algorithm,
    }


def end_of(algorithm: Algorithm, now: datetime, calendar: SessionCalendar | None) -> datetime | None:
    """When its validity ends. A day without a calendar of its own ends by its instrument's, at admission."""
    if algorithm.validity.kind is ValidityKind.DAY and calendar is None:
        return None
    try:
        end = valid_until(algorithm.validity, now, calendar)
    except ValueError as error:
        raise Refused(Code.CONFLICT, str(error)) from error
    if end is not None and end <= now:
        raise Refused(
            Code.CONFLICT,
            f'The window of "{algorithm.name}" ended at {iso(end)}; it cannot be started any more.',
        )
    return end
