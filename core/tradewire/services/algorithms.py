"""Algorithms: added from a TOML file, started and stopped."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, insert, select, update

from tradewire.contract.broker import Capabilities
from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm, AlgorithmState, Plugged, Validity, ValidityKind
from tradewire.domain.clock import Clock, iso
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.session import SessionCalendar
from tradewire.domain.validity import valid_until
from tradewire.domain.verdict import Scope
from tradewire.engine.guarding import who_is_asked
from tradewire.ledger.append import append
from tradewire.plugins import Plugins
from tradewire.services.algorithm_checks import problems_of, unmet_needs
from tradewire.services.algorithm_file import AlgorithmDraft, read_algorithm
from tradewire.services.algorithm_view import (
    AlgorithmDetail,
    AlgorithmView,
    SavedAlgorithm,
    chain_of,
    view_of,
)
from tradewire.services.bells import Bells
from tradewire.services.naming import account_by, account_names, algorithm_by, checked_name
from tradewire.services.refusal import Code, Refused
from tradewire.services.switches import install
from tradewire.state.versions import bump, lock
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import accounts, algorithms


class Calendars(Protocol):
    """Trading calendars by name; an unknown name raises `Unhonoured`."""

    async def get(self, name: str) -> SessionCalendar: ...


def _not_known(account_id: str) -> Capabilities | None:
    return None


class Algorithms:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        plugins: Plugins,
        calendars: Calendars,
        bells: Bells,
        capabilities: Callable[[str], Capabilities | None] = _not_known,
        global_guardians: Sequence[Plugged] = (),
    ) -> None:
        """`capabilities` are those of an account's open session, None while there is none."""
        self._global_guardians = tuple(global_guardians)
        self._store = store
        self._clock = clock
        self._plugins = plugins
        self._calendars = calendars
        self._bells = bells
        self._capabilities = capabilities

    async def add(self, text: str, by: str, *, allow_shorts: bool | None = None) -> SavedAlgorithm:
        """Save the algorithm of a TOML text, stopped; refuses with every mistake at once.

        `allow_shorts` answers the question where the file does not.
        """
        draft, problems = read_algorithm(text)
        if draft.allow_shorts is None and allow_shorts is not None:
            draft = msgspec.structs.replace(draft, allow_shorts=allow_shorts)
        problems += problems_of(draft, self._plugins)
        if problems:
            raise Refused(Code.INVALID, " ".join(problems), tuple(problems))
        checked_name("an algorithm", draft.name)
        if draft.validity.calendar is not None:
            await self._calendars.get(draft.validity.calendar)
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[Algorithm, dict[str, str]]:
            hold(conn, Lock.CONFIGURATION)
            account = account_by(conn, draft.account)
            lock(conn, account.id)
            if (
                conn.execute(select(algorithms.c.id).where(algorithms.c.name == draft.name)).first()
                is not None
            ):
                raise Refused(
                    Code.CONFLICT, f'There is an algorithm "{draft.name}" already; choose another name.'
                )
            made = _made(draft, account, now)
            conn.execute(insert(algorithms).values(id=made.id, **_columns(made)))
            install(conn, Scope.ALGORITHM, made.id)
            self._record(conn, made, EntryKind.ALGORITHM_ADDED, now, by, "added")
            return made, account_names(conn)

        made, names = await self._store.write(unit)
        self._bells.work(made.account_id)
        warnings = unmet_needs(draft, self._plugins, self._capabilities(made.account_id))
        return SavedAlgorithm(algorithm=view_of(made, names), warnings=tuple(warnings))

    async def list(self) -> tuple[AlgorithmView, ...]:
        def unit(conn: Connection) -> tuple[AlgorithmView, ...]:
            names = account_names(conn)
            rows = conn.execute(select(algorithms.c.document).order_by(algorithms.c.name))
            return tuple(view_of(row.document, names) for row in rows)

        return await self._store.read(unit)

    async def show(self, reference: str) -> AlgorithmDetail:
        """The algorithm and its chain of plugins."""

        def unit(conn: Connection) -> AlgorithmDetail:
            found = algorithm_by(conn, reference)
            account: Account | None = conn.execute(
                select(accounts.c.document).where(accounts.c.id == found.account_id)
            ).scalar()
            configured = {
                Scope.GLOBAL: self._global_guardians,
                Scope.ACCOUNT: account.guardians if account is not None else (),
                Scope.ALGORITHM: found.guardians,
            }
            asked = who_is_asked(self._plugins, configured)
            broker = account.broker if account is not None else "?"
            return AlgorithmDetail(
                algorithm=view_of(found, account_names(conn)),
                chain=chain_of(found, asked, broker, self._plugins),
            )

        return await self._store.read(unit)

    async def start(self, reference: str, by: str) -> AlgorithmView:
        """Let it act; its day or window is measured from now. Refuses where a plugin is missing."""
        detail = await self.show(reference)
        found = detail.algorithm
        self._require_plugins(found)
        for link in detail.chain:
            if link.stage == "broker":
                self._plugins.broker(link.plugin)
        now = self._clock.now()
        calendar = await self._calendar(found.validity)

        def unit(conn: Connection) -> tuple[Algorithm, dict[str, str]]:
            before = _locked(conn, found.id)
            over = before.valid_until is not None and now >= before.valid_until
            if before.state is AlgorithmState.STARTED and not over:
                raise Refused(Code.CONFLICT, f'The algorithm "{before.name}" is started already.')
            after = msgspec.structs.replace(
                before,
                state=AlgorithmState.STARTED,
                state_reason=None,
                started_at=now,
                valid_until=_end(before, now, calendar),
                version=before.version + 1,
            )
            self._store_change(conn, after, EntryKind.ALGORITHM_STARTED, now, by, "started")
            return after, account_names(conn)

        after, names = await self._store.write(unit)
        self._bells.work(after.account_id)
        return view_of(after, names)

    async def stop(self, reference: str, by: str, reason: str | None = None) -> AlgorithmView:
        """Let it match nothing from now on. Orders that are working go on: `tradewire halt` stops those."""
        now = self._clock.now()
        why = reason or f"stopped by {by} at {iso(now)}"

        def unit(conn: Connection) -> tuple[Algorithm, dict[str, str]]:
            before = _locked(conn, reference)
            if before.state is AlgorithmState.STOPPED:
                raise Refused(Code.CONFLICT, f'The algorithm "{before.name}" is stopped already.')
            after = msgspec.structs.replace(
                before, state=AlgorithmState.STOPPED, state_reason=why, version=before.version + 1
            )
            self._store_change(conn, after, EntryKind.ALGORITHM_STOPPED, now, by, why)
            return after, account_names(conn)

        after, names = await self._store.write(unit)
        self._bells.work(after.account_id)
        return view_of(after, names)

    def _require_plugins(self, algorithm: AlgorithmView) -> None:
        """Raises `Unhonoured` where a plugin that the algorithm names is not there."""
        self._plugins.provider(algorithm.provider)
        self._plugins.blueprint(algorithm.blueprint.name)
        for guardian in algorithm.guardians:
            self._plugins.guardian(guardian.name)
        for matcher in algorithm.pipeline.match:
            self._plugins.matcher(matcher)
        for override in algorithm.pipeline.override:
            self._plugins.override(override)

    async def _calendar(self, validity: Validity) -> SessionCalendar | None:
        if validity.kind is not ValidityKind.DAY or validity.calendar is None:
            return None
        return await self._calendars.get(validity.calendar)

    def _store_change(
        self, conn: Connection, after: Algorithm, kind: EntryKind, now: datetime, by: str, reason: str
    ) -> None:
        conn.execute(update(algorithms).where(algorithms.c.id == after.id).values(**_columns(after)))
        self._record(conn, after, kind, now, by, reason)

    def _record(
        self, conn: Connection, algorithm: Algorithm, kind: EntryKind, now: datetime, by: str, reason: str
    ) -> None:
        bump(conn, algorithm.account_id)
        data = msgspec.to_builtins(algorithm)
        append(
            conn,
            [
                Entry(
                    at=now,
                    kind=kind,
                    account_id=algorithm.account_id,
                    algorithm_id=algorithm.id,
                    by=by,
                    reason=reason,
                    data=data,
                )
            ],
        )


def _locked(conn: Connection, reference: str) -> Algorithm:
    """An algorithm that nobody else starts, stops or expires, and of whose account nothing goes out."""
    hold(conn, Lock.CONFIGURATION)
    found = algorithm_by(conn, reference)
    lock(conn, found.account_id)
    return found


def _made(draft: AlgorithmDraft, account: Account, now: datetime) -> Algorithm:
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


def _columns(algorithm: Algorithm) -> dict[str, object]:
    return {
        "name": algorithm.name,
        "account_id": algorithm.account_id,
        "provider": algorithm.signal.provider,
        "state": algorithm.state.value,
        "valid_until": algorithm.valid_until,
        "document": algorithm,
    }


def _end(algorithm: Algorithm, now: datetime, calendar: SessionCalendar | None) -> datetime | None:
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
