"""Algorithms: added from a TOML file, replaced, removed, started and stopped."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from tradewire.contract.capabilities import Capabilities
from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm, AlgorithmState, Plugged, Validity, ValidityKind
from tradewire.domain.clock import Clock, iso
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.session import SessionCalendar
from tradewire.domain.verdict import Scope
from tradewire.engine.guarding import who_is_asked
from tradewire.ledger.append import append
from tradewire.plugins import Plugins
from tradewire.services.algorithm_checks import problems_of, unmet_needs
from tradewire.services.algorithm_file import AlgorithmDraft, read_algorithm
from tradewire.services.algorithm_names import Calendars, refuse_mistakes, refuse_taken
from tradewire.services.algorithm_rows import columns_of, end_of, made_of, replaced
from tradewire.services.algorithm_view import (
    AlgorithmDetail,
    AlgorithmView,
    SavedAlgorithm,
    chain_of,
    view_of,
)
from tradewire.services.bells import Bells
from tradewire.services.naming import account_by, account_names, algorithm_by, keep_name
from tradewire.services.refusal import Code, Refused
from tradewire.services.still_there import refuse_live_orders, refuse_used_algorithm
from tradewire.services.switches import install, uninstall
from tradewire.state.versions import bump, lock, lock_several
from tradewire.store.database import Store
from tradewire.store.locks import Lock, hold
from tradewire.store.schema import accounts, algorithms


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
        draft = _answered(draft, None, allow_shorts)
        problems += problems_of(draft, self._plugins)
        await refuse_mistakes(draft, problems, self._store, self._calendars, None)
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[Algorithm, dict[str, str]]:
            hold(conn, Lock.CONFIGURATION)
            account = account_by(conn, draft.account)
            lock(conn, account.id)
            refuse_taken(conn, draft.name)
            made = made_of(draft, account, now)
            conn.execute(insert(algorithms).values(id=made.id, **columns_of(made)))
            install(conn, Scope.ALGORITHM, made.id)
            self._record(conn, made, EntryKind.ALGORITHM_ADDED, now, by, "added")
            return made, account_names(conn)

        made, names = await self._store.write(unit)
        self._bells.work(made.account_id)
        warnings = unmet_needs(draft, self._plugins, self._capabilities(made.account_id))
        return SavedAlgorithm(algorithm=view_of(made, names), warnings=tuple(warnings))

    async def update(
        self, text: str, by: str, *, allow_shorts: bool | None = None, of: str | None = None
    ) -> SavedAlgorithm:
        """Replace an algorithm by what a TOML text says; started or stopped it stays.

        It is the one that the text names, or `of` (name or id), which then takes the text's name. A new
        validity is measured from now. Where neither the text nor `allow_shorts` says whether shorts are
        allowed, that stays as it is. Refuses with every mistake at once, and while orders of it are live;
        another account or symbol also while it holds something.
        """
        draft, problems = read_algorithm(text)
        before = await self._store.read(partial(algorithm_by, reference=of or draft.name))
        draft = _answered(draft, before.allow_shorts if before.dynamic.action else None, allow_shorts)
        problems += problems_of(draft, self._plugins)
        await refuse_mistakes(draft, problems, self._store, self._calendars, before.name)
        calendar = await self._calendars.get(draft.validity.calendar) if draft.validity.calendar else None
        now = self._clock.now()

        def unit(conn: Connection) -> tuple[Algorithm, dict[str, str]]:
            hold(conn, Lock.CONFIGURATION)
            before = algorithm_by(conn, of or draft.name)
            account = account_by(conn, draft.account)
            lock_several(conn, (before.account_id, account.id))
            if draft.name != before.name:
                refuse_taken(conn, draft.name)
            refuse_live_orders(conn, before)
            if (account.id, draft.symbol) != (before.account_id, before.symbol):
                # No signal would close any more what it holds there.
                refuse_used_algorithm(conn, before)
            if account.id != before.account_id:
                bump(conn, before.account_id)
            after = replaced(before, made_of(draft, account, now), now, calendar)
            self._store_change(conn, after, EntryKind.ALGORITHM_CHANGED, now, by, "changed")
            return after, account_names(conn)

        after, names = await self._store.write(unit)
        self._bells.work(after.account_id)
        warnings = unmet_needs(draft, self._plugins, self._capabilities(after.account_id))
        return SavedAlgorithm(algorithm=view_of(after, names), warnings=tuple(warnings))

    async def remove(self, reference: str, by: str) -> AlgorithmView:
        """Take a stopped algorithm away; what happened through it stays in the ledger and the lists.

        Refuses while it is started, orders of it are live, or it holds something.
        """
        now = self._clock.now()

        def unit(conn: Connection) -> AlgorithmView:
            found = _locked(conn, reference)
            if found.state is AlgorithmState.STARTED:
                raise Refused(
                    Code.CONFLICT,
                    f'The algorithm "{found.name}" is started; first `tradewire algorithm stop` it.',
                )
            refuse_used_algorithm(conn, found)
            view = view_of(found, account_names(conn))
            keep_name(conn, "algorithm", found.id, found.name, now)
            uninstall(conn, Scope.ALGORITHM, found.id)
            conn.execute(delete(algorithms).where(algorithms.c.id == found.id))
            self._record(conn, found, EntryKind.ALGORITHM_REMOVED, now, by, "removed")
            return view

        return await self._store.write(unit)

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
                valid_until=end_of(before, now, calendar),
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
        conn.execute(update(algorithms).where(algorithms.c.id == after.id).values(**columns_of(after)))
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


def _answered(draft: AlgorithmDraft, before: bool | None, asked: bool | None) -> AlgorithmDraft:
    """The draft with an answer whether shorts are allowed, where it has none of its own."""
    if draft.allow_shorts is not None:
        return draft
    return msgspec.structs.replace(draft, allow_shorts=before if asked is None else asked)


def _locked(conn: Connection, reference: str) -> Algorithm:
    """An algorithm that nobody else starts, stops or expires, and of whose account nothing goes out."""
    hold(conn, Lock.CONFIGURATION)
    found = algorithm_by(conn, reference)
    lock(conn, found.account_id)
    return found
