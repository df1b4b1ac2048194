"""An account's fields and guardians changed, and an account removed; who serves it begins anew."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from tradewire.domain.account import Account
from tradewire.domain.algorithm import Plugged
from tradewire.domain.base import Struct
from tradewire.domain.ledger import Entry, EntryKind, Value
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.services.naming import keep_name, nearest
from tradewire.services.numbers import Number
from tradewire.services.refusal import Code, Refused
from tradewire.services.switches import uninstall
from tradewire.store.schema import account_states, accounts, leases


class AccountChange(Struct, forbid_unknown_fields=True):
    """What is to be different; what is not named stays. `config` holds fields by name, secret ones among
    them, `guardians` parameters by guardian; None takes a field or a guardian away. `quantity_multiplier`,
    above 0 and at most 1000, scales what algorithms open on the account, never what they close."""

    quantity_multiplier: Number | None = None
    config: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every struct a copy
    guardians: dict[str, dict[str, Any] | None] = {}  # noqa: RUF012 - msgspec gives every struct a copy

    def __repr__(self) -> str:
        return f"AccountChange(config={sorted(self.config)!r}, guardians={sorted(self.guardians)!r})"


def merged(before: Mapping[str, Any], change: Mapping[str, Any], what: str) -> dict[str, Any]:
    """`before` with what `change` says; refuses to take away what is not there. `what` is a field, …"""
    for name, value in change.items():
        if value is None and name not in before:
            raise Refused(Code.INVALID, f'There is no {what} "{name}" to take away.{nearest(name, before)}')
    return {name: value for name, value in {**before, **change}.items() if value is not None}


def with_guardians(
    before: tuple[Plugged, ...], change: Mapping[str, Mapping[str, Any] | None]
) -> tuple[Plugged, ...]:
    """The guardians with the parameters that `change` names, one at a time."""
    params = {one.name: one.params for one in before}
    new = {
        name: None if given is None else {**params.get(name, {}), **given} for name, given in change.items()
    }
    return tuple(Plugged(name=name, params=given) for name, given in merged(params, new, "guardian").items())


def entry_of(change: AccountChange, after: Account, secret: frozenset[str], by: str, now: datetime) -> Entry:
    """What the ledger keeps of a change: open fields with their values, secret ones by name."""
    open_fields = {name: _told(value) for name, value in change.config.items() if name not in secret}
    guardians: dict[str, Value] = {
        name: None if given is None else {key: str(value) for key, value in given.items()}
        for name, given in change.guardians.items()
    }
    data: dict[str, Value] = {
        "fields": open_fields,
        "credentials": sorted(secret & change.config.keys()),
        "guardians": guardians,
    }
    what = [name for name, there in (("fields", change.config), ("guardians", change.guardians)) if there]
    reason = f"Its {' and '.join(what)} were changed."
    kind = EntryKind.ACCOUNT_CHANGED
    return Entry(at=now, kind=kind, account_id=after.id, by=by, reason=reason, data=data)


def begin_anew(conn: Connection, account_id: str) -> None:
    """Take the account from whoever serves it: nothing more is sent with the old fields, and the next
    sweep connects it again with the new ones. Nobody takes it before this transaction has ended."""
    conn.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()).close()
    conn.execute(
        update(leases)
        .where(leases.c.account_id == account_id)
        .values(owner=None, until=None, epoch=leases.c.epoch + 1)
    )


def erase(conn: Connection, account: Account, by: str, now: datetime) -> None:
    """Take away the account with its credentials and what its sessions kept; what happened on it stays."""
    keep_name(conn, "account", account.id, account.name, now)
    uninstall(conn, Scope.ACCOUNT, account.id)
    conn.execute(delete(leases).where(leases.c.account_id == account.id))
    conn.execute(delete(account_states).where(account_states.c.account_id == account.id))
    conn.execute(delete(accounts).where(accounts.c.id == account.id))
    data: dict[str, Value] = {"name": account.name, "broker": account.broker}
    append(conn, [Entry(at=now, kind=EntryKind.ACCOUNT_REMOVED, account_id=account.id, by=by, data=data)])


def _told(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
