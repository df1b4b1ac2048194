"""The pipeline: every stage in order.

    parse          the message in a request's body
    authenticate   who sent it
    match          which started algorithms it concerns
    override       what it changes about an algorithm's order
    guard          whether that order may be sent (under a deadline: tradewire.engine.guarding)
    blueprint      what to place now
    broker         where it is executed (the account's session: tradewire.brokerage)

Each function asks the plugins of its stage, turns what they raise into the outcome that `hookspecs` states,
and combines their answers. All stages but the broker are pure: they look only at what they are given. A
plugin's exception is logged with its traceback here, for its author; the user reads a sentence.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from tradewire.answers import sound
from tradewire.contract.authenticator import Attempt, Caller, Denied, KeyRing
from tradewire.contract.blueprint import Blueprint, Step, StepView
from tradewire.contract.errors import InvalidMessage, Unhonoured
from tradewire.contract.matcher import SignalFacts
from tradewire.contract.override import Draft, Note, Override, Skip
from tradewire.contract.provider import Parsed
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.base import Struct
from tradewire.domain.observer import Stage
from tradewire.plugins import Plugins
from tradewire.security.redaction import redacted_traceback
from tradewire.stages.trail import signed

T = TypeVar("T")

_log = logging.getLogger(__name__)

DEFAULT = "default"
#: The field of the note that says which matcher it was.
MATCHED = "match"


class StageFailed(Exception):
    """A plugin raised where it may not; the text names stage, plugin and error in a sentence."""

    def __init__(self, stage: str, plugin: str, error: BaseException) -> None:
        super().__init__(f"The {stage} plugin {plugin!r} failed with {type(error).__name__}: {error}")
        self.stage = stage
        self.plugin = plugin


def parse(plugins: Plugins, provider: str, body: bytes, path: Mapping[str, str]) -> Parsed:
    """The message in `body`. Raises `InvalidMessage`, also when the parser itself fails."""
    chosen = plugins.provider(provider)
    try:
        with plugins.observer.timed(Stage.PARSE):
            parsed = chosen.parse(body, path)
        if not isinstance(parsed, Parsed):
            raise TypeError(f"it answered with {type(parsed).__name__} instead of Parsed")
        return parsed
    except InvalidMessage:
        raise
    # SystemExit too: a message may not end the server.
    except (Exception, SystemExit) as error:
        _log.error("The parse plugin %r failed:\n%s", provider, redacted_traceback(error))
        raise InvalidMessage(None, f"The parser of {provider!r} failed: {type(error).__name__}.") from error


def authenticate(plugins: Plugins, attempt: Attempt, keys: KeyRing) -> Caller | Denied:
    """Any denial wins, then the first caller. Raises `StageFailed` when an authenticator fails."""
    with plugins.observer.timed(Stage.AUTHENTICATE):
        answers = [
            _ask("authenticate", name, plugins.authenticators[name].authenticate, attempt, keys)
            for name in authenticators(plugins, attempt.provider)
        ]
    denials = [answer for answer in answers if isinstance(answer, Denied)]
    callers = [answer for answer in answers if isinstance(answer, Caller)]
    if denials:
        return denials[0]
    if callers:
        return callers[0]
    return Denied(kind="no_caller", message="Invalid API Key: nothing in the message says who sent it.")


def authenticators(plugins: Plugins, provider: str) -> tuple[str, ...]:
    """Who is asked about a message of `provider`, in this order."""
    return tuple(
        name for name, one in plugins.authenticators.items() if not one.providers or provider in one.providers
    )


class Matched(Struct):
    """The algorithms that a signal concerns, and those that could not be asked: their names and why."""

    algorithms: tuple[Algorithm, ...]
    unasked: tuple[tuple[str, str], ...] = ()


def match(plugins: Plugins, signal: SignalFacts, algorithms: Iterable[Algorithm]) -> Matched:
    """The algorithms of which any matcher in their chain says yes. One whose matcher fails, or is not
    installed, keeps the signal from no other."""
    found, unasked = [], []
    with plugins.observer.timed(Stage.MATCH):
        for algorithm in algorithms:
            try:
                if _matched_by(plugins, signal, algorithm) is not None:
                    found.append(algorithm)
            except (StageFailed, Unhonoured) as error:
                unasked.append((algorithm.name, str(error)))
    return Matched(algorithms=tuple(found), unasked=tuple(unasked))


def override(plugins: Plugins, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
    """The draft after every override of the algorithm's chain. Raises `StageFailed`, `Unhonoured`.

    Its notes say by whom each decision is, a change that an override kept to itself among them, and first
    which matcher it was that another than the default one.
    """
    chosen = _choice_noted(plugins, signal, algorithm)
    for name in (DEFAULT, *algorithm.pipeline.override):
        with plugins.observer.timed(Stage.OVERRIDE):
            answer = _ask("override", name, _applied, plugins.override(name), draft, signal, algorithm)
        noted = signed(draft, answer, name)
        if isinstance(noted, Skip):
            return msgspec.structs.replace(noted, notes=(*chosen, *noted.notes))
        draft = noted
    return msgspec.structs.replace(draft, notes=(*chosen, *draft.notes))


def step(plugins: Plugins, blueprint: str, view: StepView) -> Step:
    """What the blueprint wants done now. Raises `StageFailed`, `Unhonoured`."""
    with plugins.observer.timed(Stage.STEP):
        return _ask("blueprint", blueprint, _stepped, plugins.blueprint(blueprint), view)


def chain(plugins: Plugins, algorithm: Algorithm, guardians: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(stage, plugin) in the order in which a signal of this algorithm passes them."""
    stages = [("parse", algorithm.signal.provider)]
    stages += [("authenticate", name) for name in authenticators(plugins, algorithm.signal.provider)]
    stages += [("match", name) for name in (DEFAULT, *algorithm.pipeline.match)]
    stages += [("override", name) for name in (DEFAULT, *algorithm.pipeline.override)]
    stages += [("guard", name) for name in guardians]
    return (*stages, ("blueprint", algorithm.blueprint.name))


def _matched_by(plugins: Plugins, signal: SignalFacts, algorithm: Algorithm) -> str | None:
    """The first matcher of the algorithm's chain that says yes."""
    for name in (DEFAULT, *algorithm.pipeline.match):
        if _ask("match", name, plugins.matcher(name).matches, signal, algorithm):
            return name
    return None


def _choice_noted(plugins: Plugins, signal: SignalFacts, algorithm: Algorithm) -> tuple[Note, ...]:
    """Which further matcher brought the signal to the algorithm; asked again, since matchers are pure."""
    if not algorithm.pipeline.match:
        return ()
    name = _matched_by(plugins, signal, algorithm)
    if name is None or name == DEFAULT:
        return ()
    said = signal.message.strategy_id
    return (Note(field=MATCHED, received=said, used=algorithm.signal.id, why="it matched", by=name),)


def _applied(one: Override, draft: Draft, signal: SignalFacts, algorithm: Algorithm) -> Draft | Skip:
    return sound(one.apply(draft, signal, algorithm), Draft, Skip)


def _stepped(one: Blueprint, view: StepView) -> Step:
    return sound(one.step(view), Step)


def _ask(stage: str, name: str, method: Callable[..., T], *arguments: object) -> T:
    try:
        return method(*arguments)
    # SystemExit too: a plugin may not end the thread that asks it.
    except (Exception, SystemExit) as error:
        presented = next((one.key for one in arguments if isinstance(one, Attempt)), None)
        _log.error("The %s plugin %r failed:\n%s", stage, name, redacted_traceback(error, presented))
        raise StageFailed(stage, name, error) from error
