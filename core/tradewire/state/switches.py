"""Kill switches: how they stand, and setting one with its epoch and ledger entry in one transaction."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.switch import Switch, SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import algorithms, switches

# Built once: putting a statement together costs more than running it, and this one runs with every order.
_ALGORITHMS = select(algorithms.c.id).where(algorithms.c.account_id == bindparam("account"))
_SWITCHES = select(switches).where(
    or_(
        (switches.c.scope == Scope.GLOBAL.value) & (switches.c.scope_id == ""),
        (switches.c.scope == Scope.ACCOUNT.value) & (switches.c.scope_id == bindparam("account")),
        (switches.c.scope == Scope.ALGORITHM.value) & switches.c.scope_id.in_(_ALGORITHMS),
    )
)


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
    return tuple(_switch(*row) for row in conn.execute(_SWITCHES, {"account": account_id}))


@lru_cache(maxsize=4096)
def _switch(
    scope: str,
    scope_id: str,
    state: str,
    epoch: int,
    reason: str | None,
    by: str | None,
    changed_at: datetime | None,
) -> Switch:
    return Switch(
        scope=Scope(scope),
        scope_id=scope_id,
        state=SwitchState(state),
        epoch=epoch,
        reason=reason,
        by=by,
        changed_at=changed_at,
    )
