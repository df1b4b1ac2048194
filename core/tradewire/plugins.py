"""Discovery of plugins, and the one typed way to reach what they add.

Every plugin, built in or not, is an entry point of the group `tradewire`. One that fails to import, has a
hook of a wrong name or signature, or takes a name that is taken is quarantined with the reason; nothing
else is affected, and whatever needs it refuses in words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

import pluggy

from tradewire import hookspecs
from tradewire.contract.authenticator import Authenticator
from tradewire.contract.blueprint import Blueprint
from tradewire.contract.broker import Broker
from tradewire.contract.errors import Unhonoured
from tradewire.contract.guardian import Guardian
from tradewire.contract.matcher import Matcher
from tradewire.contract.override import Override
from tradewire.contract.provider import Provider
from tradewire.domain.base import Struct
from tradewire.domain.observer import UNOBSERVED, Observer
from tradewire.domain.verdict import Scope
from tradewire.hookspecs import PROJECT

T = TypeVar("T")

_OWN = "tradewire"

#: Names that only Tradewire's own guardians bear: where one of them cannot be used its absence denies, and
#: no stranger of the same name may judge in its place.
RESERVED_GUARDIANS = frozenset(
    {
        "duplicate_signal",
        "kill_switch",
        "max_order_notional",
        "max_order_qty",
        "max_position",
        "short_sale",
        "stale_signal",
        "symbols",
        "validity",
    }
)


class PluginState(StrEnum):
    LOADED = "loaded"
    BLOCKED = "blocked"
    QUARANTINED = "quarantined"


class PluginRecord(Struct):
    """One line of `tradewire plugins`: `adds` lists "stage: name"."""

    name: str
    distribution: str
    version: str
    state: PluginState
    adds: tuple[str, ...] = ()
    reason: str | None = None


class Plugins:
    """What all loaded plugins add, by stage and name. Reaching for a missing name raises `Unhonoured`."""

    def __init__(self) -> None:
        self.providers: dict[str, Provider] = {}
        self.authenticators: dict[str, Authenticator] = {}
        self.matchers: dict[str, Matcher] = {}
        self.overrides: dict[str, Override] = {}
        self.guardians: dict[str, Guardian] = {}
        self.blueprints: dict[str, Blueprint] = {}
        self.brokers: dict[str, Broker] = {}
        self.records: list[PluginRecord] = []
        self.quarantined: dict[str, str] = {}
        self._left_behind: dict[str, Guardian] = {}
        #: Who is told how long its plugins take.
        self.observer: Observer = UNOBSERVED

    @classmethod
    def discover(
        cls,
        blocked: Iterable[str] = (),
        found: Iterable[EntryPoint] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> "Plugins":
        """Load every entry point of the group (or of `found`), Tradewire's own first, then by name.

        `settings` holds what a plugin's hooks are given, by the plugin's name.
        """
        plugins = cls()
        given = settings or {}
        names = frozenset(blocked)
        points = entry_points(group=PROJECT) if found is None else found
        origins = [(_distribution(point), point) for point in points]
        origins.sort(key=lambda one: (one[0][0] != _OWN, one[1].name))
        for origin, point in origins:
            plugins._load(point, origin, names, given.get(point.name, {}))
        return plugins

    def provider(self, name: str) -> Provider:
        return self._one(self.providers, "signal provider", name)

    def matcher(self, name: str) -> Matcher:
        return self._one(self.matchers, "matcher", name)

    def override(self, name: str) -> Override:
        return self._one(self.overrides, "override", name)

    def guardian(self, name: str) -> Guardian:
        return self._one(self.guardians, "guardian", name)

    def blueprint(self, name: str) -> Blueprint:
        return self._one(self.blueprints, "blueprint", name)

    def broker(self, name: str) -> Broker:
        return self._one(self.brokers, "broker", name)

    def problems_of(self, configured: Iterable[str]) -> list[str]:
        """Why plugins that the settings configure are not in use, in sentences; blocked ones are meant to be.

        What was configured may have been there to refuse: going on without it would be less, not the same.
        """
        records = {record.name: record for record in self.records}
        problems = []
        for name in configured:
            record = records.get(name)
            if record is None:
                near = get_close_matches(name, records, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else "Install it, or take that table out."
                problems.append(f"[plugins.settings.{name}] is for a plugin that is not installed. {hint}")
            elif record.state is PluginState.QUARANTINED:
                problems.append(f"[plugins.settings.{name}]: the plugin cannot be used: {record.reason}")
        return problems

    def quarantine_guardian(self, name: str, reason: str) -> None:
        """Take a guardian out of use while running; orders that need it are denied from now on."""
        if name in self.guardians:
            self.quarantined[name] = reason
            self._left_behind[name] = self.guardians[name]
            # A new dict, since other threads may be going through the old one.
            self.guardians = {other: one for other, one in self.guardians.items() if other != name}

    def always_asked(self, scope: Scope) -> tuple[str, ...]:
        """The guardians asked of every order in `scope`; those quarantined meanwhile stay, and deny."""
        known = self._left_behind | self.guardians
        return tuple(name for name, guardian in known.items() if scope in guardian.always)

    def _one(self, named: dict[str, T], kind: str, name: str) -> T:
        if name in named:
            return named[name]
        if name in self.quarantined:
            raise Unhonoured(f"The {kind} {name!r} is quarantined: {self.quarantined[name]}")
        near = get_close_matches(name, named, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else " `tradewire plugins` lists what is installed."
        raise Unhonoured(f"No {kind} {name!r} is installed.{hint}")

    def _load(
        self,
        point: EntryPoint,
        origin: tuple[str, str],
        blocked: frozenset[str],
        settings: Mapping[str, Any],
    ) -> None:
        distribution, version = origin

        def record(state: PluginState, adds: Sequence[str] = (), reason: str | None = None) -> None:
            self.records.append(
                PluginRecord(
                    name=point.name,
                    distribution=distribution,
                    version=version,
                    state=state,
                    adds=tuple(adds),
                    reason=reason,
                )
            )

        if point.name in blocked or distribution in blocked:
            record(PluginState.BLOCKED, reason="It is on the block list of the settings.")
            return
        try:
            hooks = _registered(point)
            adds = self._adopt(hooks, settings, own=distribution == _OWN)
        # What a stranger's module does at import is its own affair: nothing it raises may stop the others.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            record(PluginState.QUARANTINED, reason=f"{type(error).__name__}: {error}".strip())
            return
        record(PluginState.LOADED, adds)

    def _adopt(self, hooks: pluggy.HookRelay, settings: Mapping[str, Any], *, own: bool) -> list[str]:
        """Add what a plugin's hooks return: all of it, or nothing."""
        stages: list[tuple[str, Callable[..., list[Any]], type, dict[str, Any]]] = [
            ("parse", hooks.parse, Provider, self.providers),
            ("authenticate", hooks.authenticate, Authenticator, self.authenticators),
            ("match", hooks.match, Matcher, self.matchers),
            ("override", hooks.override, Override, self.overrides),
            ("guard", hooks.guard, Guardian, self.guardians),
            ("blueprint", hooks.blueprint, Blueprint, self.blueprints),
            ("broker", hooks.broker, Broker, self.brokers),
        ]
        additions: list[tuple[dict[str, Any], str, Any]] = []
        adds: list[str] = []
        for stage, call, base, named in stages:
            for one in (one for answer in call(settings=dict(settings)) for one in answer):
                _check(stage, one, base, named, {name for table, name, _ in additions if table is named})
                if isinstance(one, Guardian) and one.name in RESERVED_GUARDIANS and not own:
                    raise ValueError(f"guard {one.name!r} is a name of Tradewire's own; choose another")
                additions.append((named, one.name, one))
                adds.append(f"{stage}: {one.name}")
        if not adds:
            raise TypeError("it registers nothing: no function is marked with @tradewire.hookimpl")
        for named, name, one in additions:
            named[name] = one
        return adds


def _registered(point: EntryPoint) -> pluggy.HookRelay:
    """The plugin alone in a manager of its own, so that a misspelt hook of one is not blamed on another."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(point.load(), name=point.name)
    manager.check_pending()
    return manager.hook


def _check(stage: str, one: Any, base: type, named: dict[str, Any], adding: set[str]) -> None:
    if not isinstance(one, base):
        raise TypeError(f"hook {stage} returned {type(one).__name__}, which is no {base.__name__}")
    name = getattr(one, "name", None)
    if not isinstance(name, str) or not name:
        raise TypeError(f"{type(one).__name__} of hook {stage} has no name")
    if isinstance(one, Guardian) and not (
        _are_scopes(one, "scopes") and one.scopes and _are_scopes(one, "always")
    ):
        raise TypeError(
            f"guardian {name!r} names no scopes: `scopes` must be a frozenset of Scope, not empty"
        )
    if name in named or name in adding:
        raise ValueError(f"{stage} {name!r} exists already; a plugin adds, it never replaces")


def _are_scopes(guardian: Any, member: str) -> bool:
    scopes = getattr(guardian, member, None)
    return isinstance(scopes, frozenset) and all(isinstance(scope, Scope) for scope in scopes)


def _distribution(point: EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        return "unknown", "unknown"
    # Read once, since every look at it parses the whole file anew.
    about = point.dist.metadata
    return about["Name"], about["Version"]
