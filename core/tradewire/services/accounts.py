"""Broker accounts: added, changed, removed. A new one is always paper; secrets are sealed before storing."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, insert, select, update

from tradewire.contract.broker import ConfigField
from tradewire.domain.account import Account, AccountMode
from tradewire.domain.algorithm import Plugged
from tradewire.domain.base import Struct
from tradewire.domain.clock import Clock
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.verdict import Scope
from tradewire.ledger.append import append
from tradewire.plugins import Plugins
from tradewire.security.sealing import Secrets
from tradewire.services.account_changes import (
    AccountChange,
    begin_anew,
    entry_of,
    erase,
    merged,
    with_guardians,
)
from tradewire.services.account_config import AccountFields, checked_fields
from tradewire.services.algorithm_checks import guardian_problems
from tradewire.services.bells import Bells
from tradewire.services.last_balances import BalancesView, last_balances
from tradewire.services.naming import account_by, checked_name
from tradewire.services.numbers import Number, number_in, shown
from tradewire.services.refusal import Code, Refused
from tradewire.services.still_there import refuse_unsure, refuse_used_account
from tradewire.services.switches import install
from tradewire.state.versions import bump, lock
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import accounts

_CURRENCY = re.compile(r"[A-Z0-9]{3,10}")
#: More is a slip of the keyboard: one entry would be a fortune.
LARGEST_MULTIPLIER = 1000


class NewAccount(Struct):
    """`config` holds the broker's fields by name, secret ones among them; without a `currency` it is the base
    currency. `guardians` are those of the account's scope, by name with their parameters.
    `quantity_multiplier`, above 0 and at most 1000, scales what is opened on it."""

    name: str
    broker: str
    currency: str | None = None
    config: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every struct a copy
    guardians: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - msgspec gives every struct a copy
    quantity_multiplier: Number = "1"


class AccountView(Struct):
    """`config` never holds a secret; `credentials` names those that are stored. `limits` are the `guardians`
    with their parameters; `balances` is told of one account that is shown by itself."""

    id: str
    name: str
    broker: str
    mode: AccountMode
    currency: str
    quantity_multiplier: Number
    config: dict[str, Any]
    credentials: tuple[str, ...]
    guardians: tuple[str, ...]
    created_at: datetime
    limits: tuple[Plugged, ...] = ()
    balances: BalancesView | None = None


class BrokerView(Struct):
    """A broker that an account can be added for, and its configuration's fields."""

    name: str
    title: str
    modes: tuple[AccountMode, ...]
    fields: tuple[ConfigField, ...]


class Accounts:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        secrets: Secrets,
        plugins: Plugins,
        bells: Bells,
        base_currency: str,
    ) -> None:
        self._base_currency = base_currency
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._plugins = plugins
        self._bells = bells

    async def add(self, new: NewAccount, by: str) -> AccountView:
        """Add a paper account; refuses fields that are unknown, missing or mistaken, each by its name."""
        checked_name("an account", new.name)
        currency = new.currency or self._base_currency
        if not _CURRENCY.fullmatch(currency):
            raise Refused(Code.INVALID, f'The currency is a code such as USD or BTC, not "{currency}".')
        broker = self._plugins.broker(new.broker)
        manifest = broker.manifest
        if AccountMode.PAPER not in manifest.modes:
            raise Refused(
                Code.INVALID, f"{manifest.title} has no paper accounts, and a new account is always paper."
            )
        fields = checked_fields(new.config, broker)
        guardians = tuple(Plugged(name=name, params=params) for name, params in new.guardians.items())
        problems = guardian_problems(guardians, self._plugins, Scope.ACCOUNT)
        if problems:
            raise Refused(Code.INVALID, " ".join(problems), tuple(problems))
        account = Account(
            id=str(uuid4()),
            name=new.name,
            broker=new.broker,
            currency=currency,
            quantity_multiplier=_multiplier(new.quantity_multiplier),
            config=fields.config,
            guardians=guardians,
            created_at=self._clock.now(),
        )
        credentials = tuple(sorted(fields.credentials))
        sealed = self._sealed(fields)
        await self._store.write(
            lambda conn: _store_new(conn, account, sealed, _added(account, credentials, by))
        )
        self._bells.work(account.id)
        return _view(account, credentials)

    async def list(self) -> tuple[AccountView, ...]:
        def unit(conn: Connection) -> tuple[AccountView, ...]:
            rows = conn.execute(select(accounts).order_by(accounts.c.created_at, accounts.c.name))
            return tuple(_view(row.document, self._credential_names(row.credentials)) for row in rows)

        return await self._store.read(unit)

    async def show(self, reference: str) -> AccountView:
        """One account by its name or id; refuses in words."""

        def unit(conn: Connection) -> AccountView:
            account = account_by(conn, reference)
            sealed = conn.execute(select(accounts.c.credentials).where(accounts.c.id == account.id)).scalar()
            view = _view(account, self._credential_names(sealed))
            return msgspec.structs.replace(view, balances=last_balances(conn, account.id))

        return await self._store.read(unit)

    async def change(self, reference: str, change: AccountChange, by: str) -> AccountView:
        """Change what `change` names from now on; what is at work or held stays as it is.

        With other fields the account is connected anew within some seconds. Refuses in words, with every
        mistaken field at once, and while it is not known whether an order is at the broker.
        """
        if not (change.config or change.guardians or change.quantity_multiplier is not None):
            raise Refused(Code.INVALID, "Say what is to be changed, such as starting_cash=50000.")
        scale = None if change.quantity_multiplier is None else _multiplier(change.quantity_multiplier)
        now = self._clock.now()

        def unit(conn: Connection) -> AccountView:
            hold(conn, Lock.CONFIGURATION)
            before = account_by(conn, reference)
            sealed = conn.execute(select(accounts.c.credentials).where(accounts.c.id == before.id)).scalar()
            after, entries = before, []
            if scale is not None:
                after = msgspec.structs.replace(after, quantity_multiplier=scale)
                entries.append(_scaled(before, scale, by, now))
            if change.config:
                # Before the account is locked: a session's writes lock its lease first, too.
                begin_anew(conn, before.id)
                after, sealed = self._with_fields(after, sealed, change)
            lock(conn, before.id)
            if change.config:
                refuse_unsure(conn, before)
            if change.guardians:
                after = self._with_guardians(after, change)
            if change.config or change.guardians:
                secret = self._secret_fields(after) if change.config else frozenset()
                entries.append(entry_of(change, after, secret, by, now))
            conn.execute(
                update(accounts).where(accounts.c.id == after.id).values(document=after, credentials=sealed)
            )
            bump(conn, after.id)
            append(conn, entries)
            return _view(after, self._credential_names(sealed))

        view = await self._store.write(unit)
        self._bells.work(view.id)
        return view

    async def remove(self, reference: str, by: str) -> AccountView:
        """Take an account away with its credentials; what happened on it stays in the ledger and the lists.

        Refuses while orders are live, something is held, or an algorithm trades on it.
        """
        now = self._clock.now()

        def unit(conn: Connection) -> AccountView:
            hold(conn, Lock.CONFIGURATION)
            account = account_by(conn, reference)
            begin_anew(conn, account.id)
            lock(conn, account.id)
            refuse_used_account(conn, account)
            sealed = conn.execute(select(accounts.c.credentials).where(accounts.c.id == account.id)).scalar()
            gone = _view(account, self._credential_names(sealed))
            erase(conn, account, by, now)
            bump(conn, account.id)
            return gone

        return await self._store.write(unit)

    def _with_fields(
        self, before: Account, sealed: bytes | None, change: AccountChange
    ) -> tuple[Account, bytes | None]:
        given = {**before.config, **self._opened(sealed)}
        fields = checked_fields(merged(given, change.config, "field"), self._plugins.broker(before.broker))
        return msgspec.structs.replace(before, config=fields.config), self._sealed(fields)

    def _with_guardians(self, before: Account, change: AccountChange) -> Account:
        guardians = with_guardians(before.guardians, change.guardians)
        problems = guardian_problems(guardians, self._plugins, Scope.ACCOUNT)
        if problems:
            raise Refused(Code.INVALID, " ".join(problems), tuple(problems))
        return msgspec.structs.replace(before, guardians=guardians)

    def _secret_fields(self, account: Account) -> frozenset[str]:
        fields = self._plugins.broker(account.broker).manifest.fields
        return frozenset(field.name for field in fields if field.secret)

    def brokers(self) -> tuple[BrokerView, ...]:
        """Every broker that is installed, by name."""
        return tuple(
            BrokerView(
                name=name,
                title=one.manifest.title,
                modes=one.manifest.modes,
                fields=tuple(
                    msgspec.structs.replace(field, default=msgspec.to_builtins(field.default))
                    for field in one.manifest.fields
                ),
            )
            for name, one in sorted(self._plugins.brokers.items())
        )

    def _sealed(self, fields: AccountFields) -> bytes | None:
        return self._secrets.seal(msgspec.json.encode(fields.credentials)) if fields.credentials else None

    def _credential_names(self, sealed: bytes | None) -> tuple[str, ...]:
        return tuple(sorted(self._opened(sealed)))

    def _opened(self, sealed: bytes | None) -> dict[str, str]:
        if sealed is None:
            return {}
        return msgspec.json.decode(self._secrets.unseal(sealed), type=dict[str, str])


def _store_new(conn: Connection, account: Account, sealed: bytes | None, told: Entry) -> None:
    """Refuses a name that is taken, in words."""
    hold(conn, Lock.CONFIGURATION)
    if conn.execute(select(accounts.c.id).where(accounts.c.name == account.name)).first() is not None:
        text = f'There is an account "{account.name}" already; choose another name.'
        raise Refused(Code.CONFLICT, text)
    row = {"id": account.id, "name": account.name, "document": account, "created_at": account.created_at}
    conn.execute(insert(accounts).values(row | {"credentials": sealed}))
    install(conn, Scope.GLOBAL)
    install(conn, Scope.ACCOUNT, account.id)
    bump(conn, account.id)
    append(conn, [told])


def _added(account: Account, credentials: tuple[str, ...], by: str) -> Entry:
    guardians = {
        one.name: {key: str(value) for key, value in one.params.items()} for one in account.guardians
    }
    return Entry(
        at=account.created_at,
        kind=EntryKind.ACCOUNT_ADDED,
        account_id=account.id,
        by=by,
        data={
            "name": account.name,
            "broker": account.broker,
            "mode": account.mode.value,
            "currency": account.currency,
            "quantity_multiplier": account.quantity_multiplier,
            "fields": sorted(account.config),
            "guardians": guardians,
            "credentials": [*credentials],
        },
    )


def _scaled(before: Account, to: Decimal, by: str, now: datetime) -> Entry:
    data = {"from": before.quantity_multiplier, "to": to}
    text = "The quantity multiplier was changed."
    kind = EntryKind.ACCOUNT_CHANGED
    return Entry(at=now, kind=kind, account_id=before.id, by=by, reason=text, data=data)


def _multiplier(text: str) -> Decimal:
    number = number_in("quantity_multiplier", text)
    if not 0 < number <= LARGEST_MULTIPLIER:
        raise Refused(
            Code.INVALID,
            f"quantity_multiplier is above 0 and at most {LARGEST_MULTIPLIER}, such as 0.5 for half of what "
            f"algorithms ask for; not {text}.",
        )
    return number


def _view(account: Account, credentials: tuple[str, ...]) -> AccountView:
    return AccountView(
        id=account.id,
        name=account.name,
        broker=account.broker,
        mode=account.mode,
        currency=account.currency,
        quantity_multiplier=shown(account.quantity_multiplier),
        config=account.config,
        credentials=credentials,
        guardians=tuple(one.name for one in account.guardians),
        created_at=account.created_at,
        limits=account.guardians,
    )
