"""After an older database was put back: how things stand, and a person's word that all was compared."""

from datetime import datetime
from functools import partial

from sqlalchemy import Connection, func, select, update

from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.order import ParentState
from tradewire.domain.switch import SwitchState
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.ledger.checkpoint import Checkpoint, holds
from tradewire.services.bells import Bells
from tradewire.services.cancellation import request_cancel
from tradewire.services.holding import BY, RESTORED, Cause, hold_back
from tradewire.services.refusal import Code, Refused
from tradewire.state.rows import parent_of
from tradewire.state.switches import set_switch
from tradewire.state.versions import bump, lock_all
from tradewire.store.database import Store
from tradewire.store.schema import accounts, leases, parent_orders, restorations, switches


class HeldAccount(Struct):
    """`compared`: whether its orders, fills and positions were compared with the broker since."""

    name: str
    compared: bool


class Restoration(Struct):
    """A database that waits for a person: since when, why, and the accounts that are halted for it."""

    at: datetime
    cause: Cause
    detail: str
    accounts: tuple[HeldAccount, ...]


class Confirmed(Struct):
    """The accounts that were released, those that stay halted for another reason, and what is wound down."""

    released: tuple[str, ...]
    still_halted: tuple[str, ...]
    orders_cancelled: int


class Restorations:
    def __init__(self, store: Store, clock: Clock, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells

    async def show(self) -> Restoration | None:
        """What waits to be confirmed; None where nothing does."""
        return await self._store.read(standing)

    async def confirm(self, reason: str, by: str) -> Confirmed:
        """Release the accounts, and wind down what was being worked when the backup was made.

        Refuses while one of the accounts has not been compared with its broker.
        """
        if not reason.strip():
            raise Refused(Code.INVALID, 'Say what you compared with --reason "…": the ledger keeps it.')
        done, concerned = await self._store.write(
            partial(_confirm, reason=reason, by=by, now=self._clock.now())
        )
        for account_id in concerned:
            self._bells.work(account_id)
        return done


def standing(conn: Connection) -> Restoration | None:
    """The newest restoration that nobody confirmed."""
    row = conn.execute(
        select(restorations)
        .where(restorations.c.confirmed_at.is_(None))
        .order_by(restorations.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    held = tuple(HeldAccount(name=name, compared=compared) for _, name, compared in _held(conn))
    return Restoration(at=row.at, cause=Cause(row.cause), detail=row.detail, accounts=held)


def hold_if_behind(conn: Connection, kept: Checkpoint, now: datetime) -> bool:
    """Hold everything back if this database is older than `kept`, or another; whether that was done now.

    It is not where that checkpoint is held for already, or where a person confirmed later than it was kept.
    """
    if holds(conn, kept) or is_superseded(conn, kept) or _is_held_for(conn, kept):
        return False
    detail = (
        f"The database does not hold entry {kept.number}, of which a checkpoint was kept at "
        f"{kept.at:%Y-%m-%d %H:%M:%S} UTC: an older copy, or another database, was put in its place."
    )
    hold_back(conn, Cause.BEHIND, detail, kept, now)
    return True


def is_superseded(conn: Connection, kept: Checkpoint) -> bool:
    """Whether a person confirmed this database after the checkpoint was kept."""
    last: datetime | None = conn.execute(select(func.max(restorations.c.confirmed_at))).scalar()
    return last is not None and kept.at <= last


def _is_held_for(conn: Connection, kept: Checkpoint) -> bool:
    found = conn.execute(
        select(restorations.c.seq).where(
            restorations.c.confirmed_at.is_(None),
            restorations.c.number == kept.number,
            restorations.c.hash == kept.hash,
        )
    ).first()
    return found is not None


def _held(conn: Connection) -> list[tuple[str, str, bool]]:
    """Accounts whose switch still stands as the restoration set it: id, name, whether compared since."""
    mine = (switches.c.scope == Scope.ACCOUNT.value) & (switches.c.scope_id == accounts.c.id)
    rows = conn.execute(
        select(accounts.c.id, accounts.c.name, leases.c.reconciled)
        .join_from(accounts, switches, mine)
        .outerjoin(leases, leases.c.account_id == accounts.c.id)
        .where(switches.c.by == BY, switches.c.state == SwitchState.HALTED.value)
        .order_by(accounts.c.name)
    )
    return [(account_id, name, bool(reconciled)) for account_id, name, reconciled in rows]


def _confirm(conn: Connection, reason: str, by: str, now: datetime) -> tuple[Confirmed, frozenset[str]]:
    lock_all(conn)
    waiting = conn.execute(select(restorations).where(restorations.c.confirmed_at.is_(None))).all()
    if not waiting:
        raise Refused(Code.CONFLICT, "Nothing waits to be confirmed: this database was not restored.")
    held = _held(conn)
    uncompared = [name for _, name, compared in held if not compared]
    if uncompared:
        raise Refused(
            Code.CONFLICT,
            f"{', '.join(uncompared)}: not yet compared with the broker. Start Tradewire and wait until "
            "`tradewire doctor` shows the account connected; one whose broker is gone for good is released "
            'by `tradewire resume --account NAME --reason "…"`.',
        )
    reducing = {account_id for row in waiting for account_id in row.reducing}
    for account_id, _, _ in held:
        state = SwitchState.REDUCING if account_id in reducing else SwitchState.ACTIVE
        set_switch(conn, Scope.ACCOUNT, account_id, state, reason, by, now)
        bump(conn, account_id)
    wound = _wind_down(conn, by, now)
    conn.execute(
        update(restorations)
        .where(restorations.c.confirmed_at.is_(None))
        .values(confirmed_at=now, confirmed_by=by)
    )
    released = tuple(name for _, name, _ in held)
    data = {"accounts": list(released)}
    append(conn, [Entry(at=now, kind=EntryKind.STORE_CONFIRMED, by=by, reason=reason, data=data)])
    done = Confirmed(released=released, still_halted=_halted(conn), orders_cancelled=len(wound))
    return done, frozenset({*(account_id for account_id, _, _ in held), *wound.values()})


def _halted(conn: Connection) -> tuple[str, ...]:
    query = (
        select(accounts.c.name)
        .join(switches, (switches.c.scope == Scope.ACCOUNT.value) & (switches.c.scope_id == accounts.c.id))
        .where(switches.c.state == SwitchState.HALTED.value)
    )
    return tuple(conn.execute(query.order_by(accounts.c.name)).scalars())


def _wind_down(conn: Connection, by: str, now: datetime) -> dict[str, str]:
    """Have what was paused by the restoration cancelled; each parent's account by its id.

    It cannot go on: the next id it would give an order may be one that is at the broker already.
    """
    rows = conn.execute(
        select(parent_orders).where(
            parent_orders.c.ended_at.is_(None),
            parent_orders.c.state == ParentState.PAUSED.value,
            parent_orders.c.reason == RESTORED,
        )
    ).all()
    why = "It was being worked when the restored backup was made, so what is open of it is cancelled."
    for parent in map(parent_of, rows):
        request_cancel(conn, parent, by, why, now)
    return {row.id: row.account_id for row in rows}
