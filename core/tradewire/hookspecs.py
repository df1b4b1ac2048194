"""The plugin contract: one hook per stage.

A plugin is a module (or object) that an entry point of the group `tradewire` names, with functions marked
`@tradewire.hookimpl`. Each hook returns the objects it adds to that stage; Tradewire calls their methods in
the pipeline's order and combines the answers by the rule stated at the hook. A name that is taken already is
refused: a plugin adds, it never replaces. The functions below are signatures: pluggy never runs their bodies.

`settings` is the plugin's own table `[plugins.settings.NAME]` of `tradewire.toml`, empty where there is none;
NAME is the entry point's. A hook that needs none takes no argument. What it raises puts the plugin aside.

    from tradewire import Guardian, Scope, allow, block, hookimpl

    class NoFridays(Guardian):
        name = "no_fridays"
        scopes = frozenset({Scope.ALGORITHM})

        def guard(self, order, view):
            if view.now.weekday() == 4:
                return block("friday", "Orders are not sent on Fridays.")
            return allow("not_friday", "It is not Friday.")

    @hookimpl
    def guard():
        return [NoFridays()]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tradewire.contract.authenticator import Authenticator
    from tradewire.contract.blueprint import Blueprint
    from tradewire.contract.broker import Broker
    from tradewire.contract.guardian import Guardian
    from tradewire.contract.matcher import Matcher
    from tradewire.contract.override import Override
    from tradewire.contract.provider import Provider

PROJECT = "tradewire"

# Specifications only: pluggy reads their names, arguments and docstrings, and never calls one.
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def parse(settings: Mapping[str, Any]) -> Sequence[Provider]:
    """Signal formats. The URL selects exactly one. A message it refuses: 400 with the exact reason; an
    exception: 400 as well, and the message is kept. A time-out: 503, a resend is wanted."""
    raise NotImplementedError


@hookspec
def authenticate(settings: Mapping[str, Any]) -> Sequence[Authenticator]:
    """Who sent it. All that serve the provider are asked; any denial wins, then the first caller. No caller:
    401. An exception or time-out: 503, a resend is wanted."""
    raise NotImplementedError


@hookspec
def match(settings: Mapping[str, Any]) -> Sequence[Matcher]:
    """Which algorithms it concerns. The answers of an algorithm's chain are united. An exception fails the
    signal visibly."""
    raise NotImplementedError


@hookspec
def override(settings: Mapping[str, Any]) -> Sequence[Override]:
    """What the message changes. In the algorithm's order, each sees the last; a skip ends the chain. An
    exception fails the run visibly."""
    raise NotImplementedError


@hookspec
def guard(settings: Mapping[str, Any]) -> Sequence[Guardian]:
    """Whether it may be sent. All are asked, all are recorded, the most restrictive wins. One that raises,
    takes over 250 ms, or is missing denies; one that timed out is quarantined."""
    raise NotImplementedError


@hookspec
def blueprint(settings: Mapping[str, Any]) -> Sequence[Blueprint]:
    """How it is worked. Exactly one, by name. An exception pauses the parent order and raises an alert."""
    raise NotImplementedError


@hookspec
def broker(settings: Mapping[str, Any]) -> Sequence[Broker]:
    """Where it is executed. Exactly one per account, by name. An outcome is definite or UNKNOWN; an order is
    never retried blindly."""
    raise NotImplementedError
