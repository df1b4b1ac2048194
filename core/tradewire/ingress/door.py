"""The door: find the key, parse, authenticate, dedupe, COMMIT, answer."""

import logging
import traceback
from collections.abc import Awaitable, Callable

from tradewire import pipeline
from tradewire.contract.authenticator import Attempt, Caller, Denied, KeyRing, KeyState
from tradewire.contract.errors import InvalidMessage, Unhonoured
from tradewire.contract.provider import Parsed
from tradewire.crashpoints import crashpoint
from tradewire.domain.clock import Clock
from tradewire.domain.ids import signal_id
from tradewire.ingress.address import ODD, OddAddress, keys_in, named, without_key
from tradewire.ingress.answers import (
    AcceptedBody,
    Answer,
    DuplicateBody,
    InvalidBody,
    RefusedBody,
    unauthorized,
    unavailable,
)
from tradewire.ingress.arrival import Arrival, Fault, Outcome, Stored
from tradewire.ingress.claim import Claim
from tradewire.ingress.commit import Commit, InDoubt
from tradewire.ingress.content import (
    digest,
    id_digest,
    kept,
    presented_in,
    redacted_message,
    redacted_text,
)
from tradewire.ingress.identify import Identify, Letter
from tradewire.ingress.refused import Turnstile
from tradewire.ingress.request import Received
from tradewire.plugins import Plugins
from tradewire.security.keys import find_keys
from tradewire.security.lockout import Lockout
from tradewire.settings import Settings
from tradewire.store.database import Store, StoreUnavailable

_log = logging.getLogger(__name__)


class Door:
    """Takes requests, one `receive` each, side by side on one event loop."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
        on_accepted: Callable[[], None],
        lockout: Lockout,
    ) -> None:
        """`on_accepted` is called after every commit that accepted a signal; it must not block or raise."""
        self._plugins = plugins
        self._keys = keys
        self._identify = Identify(plugins, keys)
        self._clock = clock
        self._body_limit = settings.server.body_limit
        self._commit = Commit(store, clock, settings.signals.dedupe_window_s, on_accepted)
        self._turnstile = Turnstile(store, clock, lockout, settings.signals.refusals_per_day)

    async def receive(self, request: Received) -> Answer:
        """The answer to a message. Never raises; 200 only after the commit, 503 only if nothing is stored."""
        return await self._guarded(request, self._take)

    async def refuse(self, request: Received, status: int, kind: str, reason: str) -> Answer:
        """The answer to a request that is at fault itself; with a valid key it stands in the Signal Log."""

        async def refused(request: Received) -> Answer:
            return await self._refused(request, status, kind, reason)

        return await self._guarded(request, refused)

    async def _guarded(self, request: Received, work: Callable[[Received], Awaitable[Answer]]) -> Answer:
        try:
            return await work(request)
        except StoreUnavailable as error:
            why = _plain(str(error), request)
            _log.warning("A message was answered with 503: %s", why)
            return unavailable(f"Nothing was stored; send it again. {why}")
        except InDoubt:
            return unavailable(
                "The database is too slow to say in time whether the message was stored; send it again: "
                "if it was, the copy is recognised and runs no second time."
            )
        except pipeline.StageFailed as error:
            _log.error("A message was answered with 503: %s", _plain(str(error), request))
            what = (
                "The message could not be read"
                if error.stage == "parse"
                else "The sender could not be checked"
            )
            return unavailable(f"{what}, and nothing was stored; send it again.")
        except Exception:  # noqa: BLE001 - the outermost edge: whatever it is, TradingView must send again
            _log.error("A message was answered with 503:\n%s", _plain(traceback.format_exc(), request))
            return unavailable("Tradewire failed before anything was stored; send it again.")

    async def _refused(self, request: Received, status: int, kind: str, reason: str) -> Answer:
        found = keys_in({}, request.path) + find_keys(request.body)
        caller = self._caller(found)
        if caller is None:
            await self._turnstile.keep(request, found[0] if found else None, kind)
            return Answer(status=status, body=RefusedBody(kind=kind, reason=reason))
        arrival = self._arrival(request, caller, None, Fault(field=None, reason=reason))
        outcome = await self._commit(arrival, request.time_left_s)
        if outcome.stored is not Stored.INVALID:
            return await self._answer(request, arrival, outcome, found[0])
        return Answer(status=status, body=RefusedBody(kind=kind, reason=reason, id=arrival.id))

    async def _take(self, request: Received) -> Answer:
        found = find_keys(request.body)
        try:
            path = named(self._plugins.provider(request.provider), request.path)
            found = keys_in(path, request.path) + found
            with self._commit.expecting():
                letter = await self._identify.read(
                    request.provider, request.body, path, request.source, request.received_at
                )
        except OddAddress as error:
            return await self._refused(request, ODD, "path", str(error))
        except InvalidMessage as error:
            return await self._unparsed(request, found, _fault(error.field, _plain(error.reason, request)))
        except Unhonoured as error:
            found = keys_in({}, request.path) + found
            return await self._unparsed(request, found, _fault(None, str(error)))
        return await self._read(request, found, letter, without_key(path))

    async def _unparsed(self, request: Received, found: list[str], fault: Fault) -> Answer:
        """Stored with a valid key; without any key, the sender still reads what is wrong with the message."""
        caller = self._caller(found)
        if caller is not None:
            return await self._store(request, self._arrival(request, caller, None, fault), found[0])
        if not found:
            await self._turnstile.keep(request, None, "unreadable")
            return Answer(status=400, body=InvalidBody(field=fault.field, reason=fault.reason))
        answer = await self._authenticate(request, found[0])
        denied = answer if isinstance(answer, Denied) else Denied(kind="unknown", message="Invalid API Key.")
        return await self._denied(request, found[0], denied)

    async def _read(
        self, request: Received, found: list[str], letter: Letter, address: tuple[str, ...]
    ) -> Answer:
        parsed, answer = letter.parsed, letter.sender
        if locked := self._turnstile.locked(request.source, parsed.key):
            return locked
        if isinstance(answer, pipeline.StageFailed):
            raise answer
        if isinstance(answer, Caller):
            crashpoint("accept.parsed")
            arrival = self._arrival(request, answer, parsed, None, address)
            return await self._store(request, arrival, parsed.key)
        closed_up = "".join(parsed.key.split()) if parsed.key else ""
        caller = self._caller([*found, closed_up])
        if caller is None:
            return await self._denied(request, parsed.key, answer)
        said = redacted_text(answer.message, (parsed.key,))
        arrival = self._arrival(request, caller, parsed, _fault("apiKey", said), address)
        outcome = await self._commit(arrival, request.time_left_s)
        if outcome.stored is not Stored.INVALID:
            return await self._answer(request, arrival, outcome, parsed.key)
        return unauthorized(answer.kind, said)

    async def _authenticate(self, request: Received, key: str | None) -> Caller | Denied:
        return await self._identify(
            Attempt(provider=request.provider, source=request.source, key=key, at=request.received_at)
        )

    def _caller(self, candidates: list[str]) -> Caller | None:
        """Whose valid key is among `candidates`, so that their message is not lost without a trace."""
        for key in candidates:
            status = self._keys.look_up(key)
            if status.state is KeyState.VALID and status.connection is not None and status.key_id is not None:
                return Caller(connection=status.connection, key_id=status.key_id)
        return None

    def _arrival(
        self,
        request: Received,
        caller: Caller,
        parsed: Parsed | None,
        fault: Fault | None,
        address: tuple[str, ...] = (),
    ) -> Arrival:
        content = digest(request.provider, caller.connection, address, request.body)
        explicit = None if parsed is None else parsed.message.idempotency_id
        strategy = "" if parsed is None else parsed.message.strategy_id
        return Arrival(
            id=signal_id(self._clock.now()),
            provider=request.provider,
            connection=caller.connection,
            key_id=caller.key_id,
            source=request.source,
            received_at=request.received_at,
            raw=kept(request.body, None if parsed is None else parsed.key, self._body_limit),
            content_digest=content,
            digest=content if explicit is None else id_digest(request.provider, strategy, explicit),
            for_ever=explicit is not None,
            message=None if parsed is None else redacted_message(parsed.message, parsed.key),
            fault=fault,
            checked_by=pipeline.authenticators(self._plugins, request.provider),
            claim=Claim(),
        )

    async def _store(self, request: Received, arrival: Arrival, key: str | None) -> Answer:
        outcome = await self._commit(arrival, request.time_left_s)
        return await self._answer(request, arrival, outcome, key)

    async def _answer(self, request: Received, arrival: Arrival, outcome: Outcome, key: str | None) -> Answer:
        if outcome.stored is Stored.ACCEPTED:
            return Answer(status=200, body=AcceptedBody(id=arrival.id))
        if outcome.stored is Stored.DUPLICATE and outcome.of is not None:
            return Answer(status=200, body=DuplicateBody(of=outcome.of))
        if outcome.stored is Stored.INVALID and arrival.fault is not None:
            fault = arrival.fault
            return Answer(status=400, body=InvalidBody(field=fault.field, reason=fault.reason, id=arrival.id))
        if outcome.stored is Stored.REVOKED and outcome.revoked_at is not None:
            day = outcome.revoked_at.date().isoformat()
            denied = Denied(kind="revoked", message=f"Invalid API Key: this key was revoked on {day}.")
            return await self._denied(request, key, denied)
        raise StoreUnavailable("The database is too slow at the moment.")

    async def _denied(self, request: Received, key: str | None, denied: Denied) -> Answer:
        if locked := self._turnstile.locked(request.source, key):
            return locked
        await self._turnstile.keep(request, key, denied.kind)
        return unauthorized(denied.kind, redacted_text(denied.message, (key,)))


def _fault(field: str | None, reason: str) -> Fault:
    return Fault(field=None if field is None else redacted_text(field), reason=redacted_text(reason))


def _plain(text: str, request: Received) -> str:
    """`text` of a failure, in which a plugin may have quoted what it was given."""
    return redacted_text(text, (*request.path, *presented_in(request.body)))
