"""Kill switches: how they stand, and setting one with its epoch and ledger entry in one transaction."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.switch import Switch, SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import algorithms, switches


def position(conn: Connection, scope: Scope, scope_id: str) -> SwitchState:
    """How a switch stands; one that was never touched is ACTIVE."""
    here = (switches.c.scope == scope.value) & (switches.c.scope_id == scope_id)
    state = conn.execute(select(switches.c.state).where(here)).scalar()
    return SwitchState(state) if state is not None else SwitchState.ACTIVE


def set_switch(
    conn: Connection, scope: Scope, scope_id: str, state: SwitchState, reason: str, by: str, now: datetime
) -> None:
    """Put a switch into `state`; the epoch rises, so that every plan made before is void.

    Whoever calls this has locked the accounts it concerns: so no last look before an order goes out can have
    begun before the switch was set and end after it.
    """
    hold(conn, Lock.SWITCHES)
    here = (switches.c.scope == scope.value) & (switches.c.scope_id == scope_id)
    before = conn.execute(select(switches).where(here)).one_or_none()
    was = SwitchState(before.state) if before is not None else SwitchState.ACTIVE
    epoch = before.epoch + 1 if before is not None else 1
    values = {"state": state.value, "epoch": epoch, "reason": reason, "by": by, "changed_at": now}
    if before is None:
        conn.execute(insert(switches).values(scope=scope.value, scope_id=scope_id, **values))
    else:
        conn.execute(update(switches).where(here).values(**values))
    entry = Entry(
        at=now,
        kind=EntryKind.SWITCH_CHANGED,
        account_id=scope_id if scope is Scope.ACCOUNT else None,
        algorithm_id=scope_id if scope is Scope.ALGORITHM else None,
        by=by,
        reason=reason,
        data={"scope": scope.value, "from": was.value, "to": state.value, "epoch": epoch},
    )
    append(conn, [entry])


def read_switches(conn: Connection, account_id: str) -> tuple[Switch, ...]:
    """The global switch, the account's, and those of its algorithms, as far as they are stored."""
    ids = conn.execute(select(algorithms.c.id).where(algorithms.c.account_id == account_id)).scalars()
    wanted = {("global", ""), ("account", account_id), *(("algorithm", one) for one in ids)}
    return tuple(
        Switch(
            scope=Scope(row.scope),
            scope_id=row.scope_id,
            state=SwitchState(row.state),
            epoch=row.epoch,
            reason=row.reason,
            by=row.by,
            changed_at=row.changed_at,
        )
        for row in conn.execute(select(switches))
        if (row.scope, row.scope_id) in wanted
    )
