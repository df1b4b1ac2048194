"""Whether an algorithm can run as its file says: plugins by name, their parameters, what they need."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from tradewire.contract.blueprint import Blueprint
from tradewire.contract.capabilities import Capabilities
from tradewire.contract.guardian import Guardian, Need
from tradewire.domain.algorithm import Plugged, WhenClosed
from tradewire.domain.size import SizeKind
from tradewire.domain.verdict import Scope
from tradewire.plugins import Plugins
from tradewire.services.algorithm_file import AlgorithmDraft
from tradewire.services.naming import nearest

#: Guardians without which no algorithm may start.
REQUIRED = ("max_position", "max_order_notional")

T = TypeVar("T")

_MEANING = {
    "max_position": "the total that it may accumulate, such as [guardians.max_position] with quantity = 500",
    "max_order_notional": "the most one order may be worth, such as [guardians.max_order_notional] with "
    "notional = 25000",
}
#: The field of `Capabilities` that says whether an account supplies it.
_SUPPLY = {Need.QUOTE: "quotes", Need.BALANCES: "balances"}


def problems_of(draft: AlgorithmDraft, plugins: Plugins) -> list[str]:
    """Every reason why this algorithm cannot be saved, as sentences."""
    return [
        *_unknown(draft, plugins),
        *_bad_params(draft, plugins),
        *_missing_guardians(draft),
        *_unstated_shorts(draft),
    ]


def guardian_problems(guardians: Sequence[Plugged], plugins: Plugins, scope: Scope) -> list[str]:
    """Why these guardians cannot judge in `scope`, as sentences."""
    names = [one.name for one in guardians]
    return [
        *_missing("guardian", plugins.guardians, names, plugins),
        *_bad_guardians(guardians, plugins, scope),
    ]


def unmet_needs(draft: AlgorithmDraft, plugins: Plugins, capabilities: Capabilities | None) -> list[str]:
    """What the account can never supply, by the plugin that needs it; nothing while that is unknown."""
    if capabilities is None:
        return []
    blueprint = plugins.blueprint(draft.blueprint.name)
    asked: list[tuple[str, Plugged, Guardian | Blueprint, str]] = [
        *(
            ("guardian", one, plugins.guardian(one.name), "it would block every entry")
            for one in draft.guardians
        ),
        ("blueprint", draft.blueprint, blueprint, "what it cannot price is not sent"),
    ]
    return [
        f'The {kind} {chosen.name} needs {supply}, which the account "{draft.account}" does not supply: '
        f"{outcome}."
        for kind, chosen, plugin, outcome in asked
        for need in sorted(plugin.needs(decoded(chosen, plugin.Params)))
        if (supply := _SUPPLY.get(need)) is not None and not getattr(capabilities, supply)
    ] + _unmet_sizing(draft, capabilities)


def _unmet_sizing(draft: AlgorithmDraft, capabilities: Capabilities) -> list[str]:
    kind = draft.sizing.kind
    needs = {Need.QUOTE} if kind.needs_price else set()
    if kind in (SizeKind.PERCENT_OF_EQUITY, SizeKind.RISK_PERCENT):
        needs.add(Need.BALANCES)
    problems = [
        f"The size is in {kind.value.replace('_', ' ')} and needs {_SUPPLY[need]}, which the account "
        f'"{draft.account}" does not supply: every entry would be blocked.'
        for need in sorted(needs)
        if not getattr(capabilities, _SUPPLY[need])
    ]
    extended = capabilities.always_open or any(one.extended_hours for one in capabilities.orders)
    if draft.when_closed is WhenClosed.EXTENDED and not extended:
        problems.append(
            f'The account "{draft.account}" takes no orders outside the session: while the market is closed '
            "entries would be blocked, and exits wait for the open."
        )
    return problems


def decoded(chosen: Plugged, params: type[msgspec.Struct]) -> Any:
    """The parameters as the plugin reads them; raises `msgspec.ValidationError`, `ValueError`."""
    return msgspec.convert(chosen.params, params, strict=False)


def _unknown(draft: AlgorithmDraft, plugins: Plugins) -> Iterator[str]:
    asked: Sequence[tuple[str, Mapping[str, object], Sequence[str]]] = (
        ("signal provider", plugins.providers, [draft.signal.provider]),
        ("blueprint", plugins.blueprints, [draft.blueprint.name] if draft.blueprint.name else []),
        ("guardian", plugins.guardians, [one.name for one in draft.guardians]),
        ("matcher", plugins.matchers, draft.pipeline.match),
        ("override", plugins.overrides, draft.pipeline.override),
    )
    for kind, known, names in asked:
        yield from _missing(kind, known, names, plugins)


def _missing(kind: str, known: Mapping[str, object], names: Sequence[str], plugins: Plugins) -> Iterator[str]:
    for name in names:
        if name in known:
            continue
        quarantined = plugins.quarantined.get(name)
        if quarantined is not None:
            yield f'The {kind} "{name}" is quarantined: {quarantined}'
            continue
        yield f'No {kind} "{name}" is installed.{nearest(name, known) or _listed(known)}'


def _bad_params(draft: AlgorithmDraft, plugins: Plugins) -> Iterator[str]:
    blueprint = plugins.blueprints.get(draft.blueprint.name)
    if blueprint is not None:
        yield from _params("blueprint", draft.blueprint, blueprint)
    yield from _bad_guardians(draft.guardians, plugins, Scope.ALGORITHM)


def _bad_guardians(guardians: Sequence[Plugged], plugins: Plugins, scope: Scope) -> Iterator[str]:
    for chosen in guardians:
        guardian = plugins.guardians.get(chosen.name)
        if guardian is None:
            continue
        if scope not in guardian.scopes:
            scopes = " or ".join(sorted(one.value for one in guardian.scopes))
            yield f"The guardian {chosen.name} is configured for the scope {scopes}, not {scope.value}."
            continue
        yield from _params("guardian", chosen, guardian)


def _params(kind: str, chosen: Plugged, plugin: Blueprint | Guardian) -> Iterator[str]:
    types = {field.encode_name: field.type for field in msgspec.structs.fields(plugin.Params)}
    for name in chosen.params:
        if name not in types:
            hint = nearest(name, types) or _listed(types)
            yield f'The {kind} {chosen.name} has no parameter "{name}".{hint}'
    written = {name: value for name, value in chosen.params.items() if name in types}
    mistaken = [text for name, value in written.items() if (text := _mistake(name, value, types[name]))]
    try:
        if not mistaken:
            decoded(msgspec.structs.replace(chosen, params=written), plugin.Params)
    except (msgspec.ValidationError, ValueError) as error:
        mistaken = [_in_words(str(error))]
    for text in mistaken:
        yield f"The {kind} {chosen.name} does not take its parameters: {text}."


def _mistake(name: str, value: Any, type: Any) -> str | None:
    """Why this one is not of its parameter's type, if it is not."""
    try:
        msgspec.convert(value, type, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        return _in_words(f"{error} - at `$.{name}`" if " - at " not in str(error) else str(error))
    return None


def _missing_guardians(draft: AlgorithmDraft) -> Iterator[str]:
    chosen = {one.name for one in draft.guardians}
    for name in REQUIRED:
        if name not in chosen:
            yield f"The guardian {name} is required: {_MEANING[name]}."


def _unstated_shorts(draft: AlgorithmDraft) -> Iterator[str]:
    if draft.dynamic.action and draft.allow_shorts is None:
        yield (
            "With a dynamic action a SELL may open a short position: say allow_shorts = true or "
            "allow_shorts = false."
        )


def _listed(known: Mapping[str, object] | Sequence[str]) -> str:
    return (
        f" There {'are' if len(known) != 1 else 'is'} {', '.join(sorted(known))}."
        if known
        else " It takes none."
    )


def _in_words(error: str) -> str:
    """msgspec's message with the path in plain words, "- at `$.window_s`" becoming " (window_s)"."""
    text, _, path = error.rstrip(".").partition(" - at `$")
    place = path.rstrip("`").lstrip(".")
    text = text.replace("`", "").replace("Object missing required field", "it lacks")
    return f"{text} ({place})" if place else text
