"""The kill switch: halt, reduce only, resume, in three scopes."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.services.bells import Bells
from tradewire.services.naming import account_by, account_names, algorithm_by, algorithm_names
from tradewire.services.refusal import Code, Refused
from tradewire.state.switches import position, set_switch
from tradewire.state.versions import bump, lock_several
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import accounts, switches


class SwitchView(Struct):
    """`name` is the account's or algorithm's; empty for the global switch."""

    scope: Scope
    scope_id: str
    name: str
    state: SwitchState
    epoch: int
    reason: str | None
    by: str | None
    changed_at: datetime | None


class Switches:
    def __init__(self, store: Store, clock: Clock, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells

    async def list(self) -> tuple[SwitchView, ...]:
        """Every switch that is stored, the global one always, in the order of the scopes."""
        return await self._store.read(_views)

    async def halt(
        self, scope: Scope, reference: str, reason: str, by: str, *, reducing: bool = False
    ) -> SwitchView:
        """Let nothing but cancels pass (or nothing but exits and cancels), from the next check on."""
        state = SwitchState.REDUCING if reducing else SwitchState.HALTED
        return await self._set(scope, reference, state, reason, by)

    async def resume(self, scope: Scope, reference: str, reason: str, by: str) -> SwitchView:
        """Release it by hand; the reason is required."""
        return await self._set(scope, reference, SwitchState.ACTIVE, reason, by)

    async def _set(
        self, scope: Scope, reference: str, state: SwitchState, reason: str, by: str
    ) -> SwitchView:
        if not reason.strip():
            raise Refused(Code.INVALID, 'Say why with --reason "…": the ledger keeps it.')
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[SwitchView, tuple[str, ...]]:
            scope_id, concerned = _target(conn, scope, reference)
            lock_several(conn, concerned)
            if position(conn, scope, scope_id) is state:
                raise Refused(Code.CONFLICT, _already(scope, reference, state))
            set_switch(conn, scope, scope_id, state, reason, by, now)
            for account_id in concerned:
                bump(conn, account_id)
            changed = next(one for one in _views(conn) if (one.scope, one.scope_id) == (scope, scope_id))
            return changed, concerned

        changed, concerned = await self._store.write(unit)
        for account_id in concerned:
            self._bells.work(account_id)
        return changed


def _already(scope: Scope, reference: str, state: SwitchState) -> str:
    switch = (
        "The global kill switch" if scope is Scope.GLOBAL else f'The kill switch of {scope} "{reference}"'
    )
    if state is SwitchState.ACTIVE:
        return (
            f"{switch} is not set, so there is nothing to release. `tradewire status` lists those that are."
        )
    return f"{switch} is {state} already."


def install(conn: Connection, scope: Scope, scope_id: str = "") -> None:
    """A switch in its first position. For a guardian, a switch that is not stored is unknown, not active."""
    here = (switches.c.scope == scope.value) & (switches.c.scope_id == scope_id)
    hold(conn, Lock.SWITCHES)
    if conn.execute(select(switches.c.epoch).where(here)).first() is None:
        first = SwitchState.ACTIVE.value
        conn.execute(insert(switches).values(scope=scope.value, scope_id=scope_id, state=first, epoch=0))


def uninstall(conn: Connection, scope: Scope, scope_id: str) -> None:
    """Take the switch away with what it was for."""
    hold(conn, Lock.SWITCHES)
    conn.execute(delete(switches).where(switches.c.scope == scope.value, switches.c.scope_id == scope_id))


def _target(conn: Connection, scope: Scope, reference: str) -> tuple[str, tuple[str, ...]]:
    """The scope's id, and the accounts whose orders it concerns."""
    if scope is Scope.ACCOUNT:
        account = account_by(conn, reference)
        return account.id, (account.id,)
    if scope is Scope.ALGORITHM:
        algorithm = algorithm_by(conn, reference)
        return algorithm.id, (algorithm.account_id,)
    return "", tuple(name for (name,) in conn.execute(select(accounts.c.id)))


def _views(conn: Connection) -> tuple[SwitchView, ...]:
    names = {**account_names(conn), **algorithm_names(conn)}
    stored = [
        SwitchView(
            scope=Scope(row.scope),
            scope_id=row.scope_id,
            name=names.get(row.scope_id, ""),
            state=SwitchState(row.state),
            epoch=row.epoch,
            reason=row.reason,
            by=row.by,
            changed_at=row.changed_at,
        )
        for row in conn.execute(select(switches))
    ]
    if not any(one.scope is Scope.GLOBAL for one in stored):
        stored.append(
            SwitchView(
                scope=Scope.GLOBAL,
                scope_id="",
                name="",
                state=SwitchState.ACTIVE,
                epoch=0,
                reason=None,
                by=None,
                changed_at=None,
            )
        )
    order = list(Scope)
    return tuple(sorted(stored, key=lambda one: (order.index(one.scope), one.name)))
