"""Asking every guardian, in every scope, under a deadline. A guardian that fails in any way denies."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tradewire.answers import UnsoundAnswer, sound
from tradewire.contract.guardian import GuardedOrder, Guardian, GuardView, Need
from tradewire.domain.algorithm import Plugged
from tradewire.domain.base import Struct
from tradewire.domain.quantity import is_usable
from tradewire.domain.verdict import Decision, Scope, Verdict, block
from tradewire.plugins import Plugins

SCOPES = (Scope.GLOBAL, Scope.ACCOUNT, Scope.ALGORITHM)

#: Guardians without which no order is judged, and where: their absence denies, whatever is configured.
MANDATORY: Mapping[str, tuple[Scope, ...]] = {
    "kill_switch": SCOPES,
    "duplicate_signal": (Scope.ALGORITHM,),
    "stale_signal": (Scope.ALGORITHM,),
    "validity": (Scope.ALGORITHM,),
    "short_sale": (Scope.ALGORITHM,),
}


class Asked(Struct):
    """One guardian to ask, in one scope, with its parameters as written (None: not configured)."""

    name: str
    scope: Scope
    params: Mapping[str, Any] | None = None


def who_is_asked(plugins: Plugins, configured: Mapping[Scope, Sequence[Plugged]]) -> tuple[Asked, ...]:
    """Global, account, algorithm; in each scope those that are always asked first, then as configured."""
    asked: list[Asked] = []
    for scope in SCOPES:
        written = configured.get(scope, ())
        always = [name for name, scopes in MANDATORY.items() if scope in scopes]
        always += [
            name
            for name, guardian in plugins.guardians.items()
            if scope in guardian.always and name not in always
        ]
        configured_names = {one.name for one in written}
        asked += [Asked(name=name, scope=scope) for name in always if name not in configured_names]
        first = sorted(written, key=lambda one: one.name not in always)
        asked += [Asked(name=one.name, scope=scope, params=one.params) for one in first]
    return tuple(asked)


class Judge:
    """Asks guardians on a thread of its own, since only so can one that hangs be left behind.

    `deadline_s` is what each guardian may take. One that takes longer denies, and is quarantined.
    """

    def __init__(self, plugins: Plugins, deadline_s: float) -> None:
        self._plugins = plugins
        self._deadline_s = deadline_s
        self._threads = self._new_threads()
        self._params: dict[tuple[str, bytes], Any] = {}

    def judge(
        self,
        order: GuardedOrder,
        views: Mapping[Scope, GuardView],
        asked: Sequence[Asked],
        live_only: bool = False,
    ) -> tuple[Verdict, ...]:
        """One verdict per guardian asked, in order; with `live_only`, of those that judge each child."""
        if not (is_usable(order.quantity) and order.quantity > 0):
            unusable = block("bad_quantity", f"The quantity {order.quantity} is no usable number above zero.")
            return (msgspec.structs.replace(unusable, guardian="pipeline", scope=Scope.GLOBAL),)
        chosen = [
            one
            for one in asked
            if not live_only
            or (one.name in self._plugins.guardians and self._plugins.guardians[one.name].live)
        ]
        done: list[Verdict] = []
        while len(done) < len(chosen):
            done = self._ask_from(len(done), done, chosen, order, views)
        return tuple(done)

    def _is_live(self, name: str) -> bool:
        guardian = self._plugins.guardians.get(name)
        return guardian is not None and guardian.live

    def needs(self, one: Asked, need: Need) -> bool:
        """Whether a guardian, as configured, must be shown `need`."""
        guardian = self._plugins.guardians.get(one.name)
        if guardian is None:
            return False
        try:
            return need in guardian.needs(self._decoded(guardian, one))
        except Exception:  # noqa: BLE001 - asked for its verdict it fails again, and that denies
            return False

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask_from(
        self,
        first: int,
        done: list[Verdict],
        asked: Sequence[Asked],
        order: GuardedOrder,
        views: Mapping[Scope, GuardView],
    ) -> list[Verdict]:
        """Ask until all answered or one is overdue: then deny for it and leave its thread behind."""
        answers = _Answers(list(done))
        run: Future[None] = self._threads.submit(self._run, answers, asked[first:], order, views)
        seen = len(done)
        while True:
            try:
                run.result(timeout=self._deadline_s)
                return answers.taken()
            except Overdue:
                now_answered = answers.count()
                if now_answered > seen:
                    seen = now_answered
                    continue
                answered = answers.abandon()
                if len(answered) == len(asked):
                    return answered
                late = asked[len(answered)]
                self._leave_behind(late.name)
                return [*answered, self._named(late, _overdue(late.name, self._deadline_s))]

    def _run(
        self,
        answers: "_Answers",
        asked: Sequence[Asked],
        order: GuardedOrder,
        views: Mapping[Scope, GuardView],
    ) -> None:
        for one in asked:
            if not answers.add(self._named(one, self._ask(one, order, views[one.scope]))):
                return

    def _ask(self, one: Asked, order: GuardedOrder, view: GuardView) -> Verdict:
        guardian = self._plugins.guardians.get(one.name)
        if guardian is None:
            why = self._plugins.quarantined.get(one.name, "it is not installed")
            return block("guardian_missing", f"The guardian {one.name!r} cannot be asked: {why}.")
        if one.scope not in guardian.scopes:
            return block(
                "guardian_scope", f"The guardian {one.name!r} does not judge in scope {one.scope.value}."
            )
        try:
            answer = guardian.guard(order, msgspec.structs.replace(view, params=self._decoded(guardian, one)))
        except Exception as error:  # noqa: BLE001 - whatever a guardian raises, it denies
            return block(
                "guardian_failed",
                f"The guardian {one.name!r} failed with {type(error).__name__}: {error}. What fails denies.",
            )
        if not isinstance(answer, Verdict) or not _sound(answer):
            return block("guardian_answer", f"The guardian {one.name!r} gave no usable verdict.")
        return answer

    def _decoded(self, guardian: Guardian, one: Asked) -> Any:
        written = dict(one.params or {})
        key = (one.name, msgspec.json.encode(written, order="deterministic"))
        if key not in self._params:
            self._params[key] = msgspec.convert(written, guardian.Params, strict=False)
        return self._params[key]

    def _named(self, one: Asked, verdict: Verdict) -> Verdict:
        return msgspec.structs.replace(verdict, guardian=one.name, scope=one.scope)

    def _leave_behind(self, name: str) -> None:
        self._plugins.quarantine_guardian(name, f"it took longer than {self._deadline_s * 1000:.0f} ms")
        self._threads.shutdown(wait=False)
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=4, thread_name_prefix="tradewire-guard")


class _Answers:
    """Verdicts as they come in, closed once the asker has stopped waiting."""

    def __init__(self, verdicts: list[Verdict]) -> None:
        self._lock = threading.Lock()
        self._verdicts = verdicts
        self._open = True

    def add(self, verdict: Verdict) -> bool:
        with self._lock:
            if self._open:
                self._verdicts.append(verdict)
            return self._open

    def count(self) -> int:
        with self._lock:
            return len(self._verdicts)

    def taken(self) -> list[Verdict]:
        with self._lock:
            return list(self._verdicts)

    def abandon(self) -> list[Verdict]:
        with self._lock:
            self._open = False
            return list(self._verdicts)


def _overdue(name: str, deadline_s: float) -> Verdict:
    return block(
        "guardian_overdue",
        f"The guardian {name!r} took longer than {deadline_s * 1000:.0f} ms; it denies and is quarantined.",
    )


def _sound(verdict: Verdict) -> bool:
    if verdict.decision is Decision.TRIM:
        return verdict.quantity is not None and is_usable(verdict.quantity) and verdict.quantity >= 0
    return verdict.decision is not Decision.DELAY or verdict.until is not None
