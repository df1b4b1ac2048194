"""Asking every guardian, in every scope, under a deadline. A guardian that fails in any way denies."""

import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from tradewire.answers import UnsoundAnswer, sound
from tradewire.contract.guardian import GuardedOrder, Guardian, GuardView, Need
from tradewire.domain.algorithm import Algorithm, Plugged
from tradewire.domain.base import Struct
from tradewire.domain.observer import Stage
from tradewire.domain.quantity import is_usable
from tradewire.domain.verdict import Decision, Scope, Verdict, block
from tradewire.engine.asking import Answers, AskingThreads
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

#: What a copy keeps as it is instead of as text.
_EXACT = (Decimal, datetime)


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
        mandatory = [name for name, scopes in MANDATORY.items() if scope in scopes]
        names = dict.fromkeys([*mandatory, *plugins.always_asked(scope), *(one.name for one in written)])
        for name in names:
            named = [Asked(name=name, scope=scope, params=one.params) for one in written if one.name == name]
            asked += named or [Asked(name=name, scope=scope)]
    return tuple(asked)


def weighs_all_accounts(plugins: Plugins, configured: Sequence[Plugged]) -> bool:
    """Whether anybody who is asked in the global scope may weigh what other accounts hold and have at work:
    all but those that are mandatory there, which look at switches alone. `configured` are the global ones."""
    asked = who_is_asked(plugins, {Scope.GLOBAL: configured})
    return any(one.scope is Scope.GLOBAL and Scope.GLOBAL not in MANDATORY.get(one.name, ()) for one in asked)


class Judge:
    """Asks guardians on a thread of its own, since only so can one that hangs be left behind.

    `deadline_s` is what each guardian may take. One that takes longer denies, and is quarantined.
    """

    def __init__(self, plugins: Plugins, deadline_s: float) -> None:
        self._plugins = plugins
        self._deadline_s = deadline_s
        self._params: dict[tuple[str, bytes], Any] = {}
        self._threads = AskingThreads()

    def judge(
        self,
        order: GuardedOrder,
        views: Mapping[Scope, GuardView],
        asked: Sequence[Asked],
        live_only: bool = False,
    ) -> tuple[Verdict, ...]:
        """One verdict per guardian asked, in order; with `live_only`, of those that judge each child.

        Whether a guardian that is missing would judge a child is not known, so it denies then as well.
        """
        if not (is_usable(order.quantity) and order.quantity > 0):
            unusable = block("bad_quantity", f"The quantity {order.quantity} is no usable number above zero.")
            return (msgspec.structs.replace(unusable, guardian="pipeline", scope=Scope.GLOBAL),)
        guardians = self._plugins.guardians
        chosen = [
            one for one in asked if not live_only or one.name not in guardians or guardians[one.name].live
        ]
        # A copy: parameters are plain dicts, and who writes into the algorithm that is shown to him may not
        # change what the next one, or the next order, is judged by.
        views = {
            scope: msgspec.structs.replace(view, algorithm=_copy(view.algorithm))
            for scope, view in views.items()
        }
        done: list[Verdict] = []
        while len(done) < len(chosen):
            done = self._ask_from(done, chosen, order, views)
        for verdict in done:
            self._plugins.observer.judged(verdict.guardian, verdict.decision.value)
        return tuple(done)

    def needs(self, one: Asked, need: Need) -> bool:
        """Whether a guardian, as configured, must be shown `need`."""
        guardian = self._plugins.guardians.get(one.name)
        if guardian is None:
            return False
        try:
            return need in guardian.needs(self._decoded(guardian, one))
        except BaseException:  # noqa: BLE001 - asked for its verdict it fails again, and that denies
            return False

    def is_early(self, one: Asked) -> bool:
        """Whether it may be asked before the order is sized and priced."""
        guardian = self._plugins.guardians.get(one.name)
        return guardian is not None and guardian.early

    def _ask_from(
        self,
        done: list[Verdict],
        asked: Sequence[Asked],
        order: GuardedOrder,
        views: Mapping[Scope, GuardView],
    ) -> list[Verdict]:
        """Ask until all answered or one is overdue: then deny for it and leave its thread behind."""
        answers = Answers(done, len(asked))
        thread = self._threads.take()
        thread.begin(partial(self._run, answers, asked[len(done) :], order, views))
        count = answers.wait_for_all(self._deadline_s)
        answered = answers.abandon()
        if len(answered) == len(asked):
            self._threads.give_back(thread)
            return answered
        thread.end()
        if len(answered) > count:
            return answered
        late = asked[count]
        self._plugins.quarantine_guardian(late.name, f"it took longer than {self._milliseconds} ms")
        return [*answered, self._named(late, self._overdue(late.name))]

    def _run(
        self,
        answers: Answers,
        asked: Sequence[Asked],
        order: GuardedOrder,
        views: Mapping[Scope, GuardView],
    ) -> None:
        for one in asked:
            with self._plugins.observer.timed(Stage.GUARD):
                verdict = self._ask(one, order, views[one.scope])
            if not answers.add(self._named(one, verdict)):
                return

    def _ask(self, one: Asked, order: GuardedOrder, view: GuardView) -> Verdict:
        guardian = self._plugins.guardians.get(one.name)
        if guardian is None:
            why = self._plugins.quarantined.get(one.name, "it is not installed")
            return block("guardian_missing", f"The guardian {one.name!r} cannot be asked: {why}.")
        try:
            if one.scope not in guardian.scopes:
                return block(
                    "guardian_scope", f"The guardian {one.name!r} does not judge in scope {one.scope.value}."
                )
            view = msgspec.structs.replace(view, params=self._decoded(guardian, one))
            answer = sound(guardian.guard(order, view), Verdict)
        except UnsoundAnswer as error:
            return block("guardian_answer", f"The guardian {one.name!r} gave no usable verdict: {error}.")
        except BaseException as error:  # noqa: BLE001 - whatever a guardian raises, it denies
            said = traceback.format_exception_only(error)[-1].strip()
            return block(
                "guardian_failed", f"The guardian {one.name!r} failed with {said}. What fails denies."
            )
        if not _is_complete(answer):
            return block(
                "guardian_answer",
                f"The guardian {one.name!r} gave no usable verdict: {answer.decision.value} lacks its value.",
            )
        return answer

    def _decoded(self, guardian: Guardian, one: Asked) -> Any:
        written = dict(one.params or {})
        key = (one.name, msgspec.json.encode(written, order="deterministic"))
        if key not in self._params:
            self._params[key] = msgspec.convert(written, guardian.Params, strict=False)
        return self._params[key]

    def _named(self, one: Asked, verdict: Verdict) -> Verdict:
        return msgspec.structs.replace(verdict, guardian=one.name, scope=one.scope)

    @property
    def _milliseconds(self) -> str:
        return f"{self._deadline_s * 1000:.0f}"

    def _overdue(self, name: str) -> Verdict:
        return block(
            "guardian_overdue",
            f"The guardian {name!r} took longer than {self._milliseconds} ms; it denies and is quarantined.",
        )


def _copy(algorithm: Algorithm) -> Algorithm:
    return msgspec.convert(msgspec.to_builtins(algorithm, builtin_types=_EXACT), Algorithm)


def _is_complete(verdict: Verdict) -> bool:
    if verdict.decision is Decision.TRIM:
        return verdict.quantity is not None and verdict.quantity >= 0
    return verdict.decision is not Decision.DELAY or verdict.until is not None
