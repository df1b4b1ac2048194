"""What is installed and in which state, and what is asked for and not there."""

from collections.abc import Iterator, Mapping, Sequence

from tradewire.domain.base import Struct
from tradewire.plugins import PluginRecord, Plugins
from tradewire.services.accounts import AccountView
from tradewire.services.algorithm_view import AlgorithmView


class MissingPlugin(Struct):
    """What an algorithm or account names and nothing adds. `needed_by` names them, as sentences do."""

    stage: str
    name: str
    needed_by: tuple[str, ...]


class PluginList(Struct):
    """`quarantined` names guardians that were taken out of use while running, with the reason."""

    items: tuple[PluginRecord, ...]
    quarantined: dict[str, str]
    missing: tuple[MissingPlugin, ...] = ()


def plugin_list(
    plugins: Plugins, algorithms: Sequence[AlgorithmView] = (), accounts: Sequence[AccountView] = ()
) -> PluginList:
    """Everything installed, and what `algorithms` and `accounts` need beyond it."""
    known: Mapping[str, Mapping[str, object]] = {
        "parse": plugins.providers,
        "match": plugins.matchers,
        "override": plugins.overrides,
        "guard": plugins.guardians,
        "blueprint": plugins.blueprints,
        "broker": plugins.brokers,
    }
    needed: dict[tuple[str, str], list[str]] = {}
    for whose, stage, name in _needs(algorithms, accounts):
        if name not in known[stage] and name not in plugins.quarantined:
            needed.setdefault((stage, name), []).append(whose)
    return PluginList(
        items=tuple(plugins.records),
        quarantined=dict(plugins.quarantined),
        missing=tuple(
            MissingPlugin(stage=stage, name=name, needed_by=tuple(dict.fromkeys(whose)))
            for (stage, name), whose in needed.items()
        ),
    )


def _needs(
    algorithms: Sequence[AlgorithmView], accounts: Sequence[AccountView]
) -> Iterator[tuple[str, str, str]]:
    """(whose, stage, name) of everything that is named."""
    for account in accounts:
        whose = f'account "{account.name}"'
        yield whose, "broker", account.broker
        for guardian in account.guardians:
            yield whose, "guard", guardian
    for one in algorithms:
        whose = f'algorithm "{one.name}"'
        yield whose, "parse", one.provider
        yield whose, "blueprint", one.blueprint.name
        for matcher in one.pipeline.match:
            yield whose, "match", matcher
        for override in one.pipeline.override:
            yield whose, "override", override
        for chosen in one.guardians:
            yield whose, "guard", chosen.name
