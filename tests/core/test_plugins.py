"""Discovery: what is wrong with one plugin is said of it, and harms no other."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pytest

from tradewire import GuardedOrder, Guardian, GuardView, Scope, Unhonoured, Verdict, allow, hookimpl
from tradewire.engine.guarding import MANDATORY
from tradewire.plugins import RESERVED_GUARDIANS, PluginRecord, Plugins, PluginState

Add = Callable[..., EntryPoint]


class Quiet(Guardian):
    """Allows everything."""

    name = "quiet"
    scopes = frozenset({Scope.ALGORITHM})

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        return allow("quiet", "It allows everything.")


def guardian_named(name: str, **members: object) -> Guardian:
    made: Guardian = type("Named", (Quiet,), {"name": name, **members})()
    return made


@pytest.fixture
def add() -> Iterator[Add]:
    """`add(name, hook=function)` makes an entry point of a module with these hooks."""
    modules: list[str] = []

    def add(name: str, **hooks: Any) -> EntryPoint:
        module = ModuleType(f"stranger_{name}")
        for hook, function in hooks.items():
            setattr(module, hook, hookimpl(function))
        sys.modules[module.__name__] = module
        modules.append(module.__name__)
        return EntryPoint(name=name, value=module.__name__, group="tradewire")

    yield add
    for name in modules:
        del sys.modules[name]


def own_points() -> list[EntryPoint]:
    return [
        point for point in entry_points(group="tradewire") if point.dist and point.dist.name == "tradewire"
    ]


def record_of(plugins: Plugins, name: str) -> PluginRecord:
    return next(record for record in plugins.records if record.name == name)


def test_every_built_in_comes_through_an_entry_point_and_none_is_quarantined() -> None:
    plugins = Plugins.discover()
    assert {record.name for record in plugins.records} >= {point.name for point in own_points()}
    assert [record for record in plugins.records if record.state is not PluginState.LOADED] == []
    assert {"default"} <= plugins.matchers.keys() & plugins.overrides.keys()
    assert {"market", "limit"} <= plugins.blueprints.keys()
    assert {"kill_switch", "max_position"} <= plugins.guardians.keys()
    assert "tradingview" in plugins.providers
    assert "paper" in plugins.brokers
    assert plugins.authenticators


def test_a_plugin_that_fails_to_import_is_quarantined_with_the_reason_and_the_others_load(add: Add) -> None:
    broken = EntryPoint(name="broken", value="no_such_module_of_a_stranger", group="tradewire")
    plugins = Plugins.discover(found=[broken, add("good", guard=lambda: [Quiet()])])
    record = record_of(plugins, "broken")
    assert record.state is PluginState.QUARANTINED
    assert "no_such_module_of_a_stranger" in (record.reason or "")
    assert record_of(plugins, "good").adds == ("guard: quiet",)
    assert plugins.guardian("quiet")


def test_a_plugin_that_ends_the_process_at_import_is_only_quarantined(add: Add) -> None:
    module = sys.modules["stranger_leaver"] = ModuleType("stranger_leaver")
    try:

        def leave() -> list[Guardian]:
            raise SystemExit("goodbye")

        module.guard = hookimpl(leave)  # type: ignore[attr-defined]
        point = EntryPoint(name="leaver", value="stranger_leaver", group="tradewire")
        plugins = Plugins.discover(found=[point])
    finally:
        del sys.modules["stranger_leaver"]
    assert record_of(plugins, "leaver").reason == "SystemExit: goodbye"


def test_a_hook_with_a_wrong_signature_is_named(add: Add) -> None:
    def guard(orders: object) -> list[Guardian]:
        return [Quiet()]

    plugins = Plugins.discover(found=[add("signature", guard=guard)])
    record = record_of(plugins, "signature")
    assert record.state is PluginState.QUARANTINED
    assert "orders" in (record.reason or "")
    assert "quiet" not in plugins.guardians


def test_a_misspelt_hook_is_named(add: Add) -> None:
    plugins = Plugins.discover(found=[add("misspelt", gaurd=lambda: [Quiet()])])
    assert "gaurd" in (record_of(plugins, "misspelt").reason or "")
    assert "quiet" not in plugins.guardians


def test_the_misspelt_hook_of_one_plugin_is_not_blamed_on_another(add: Add) -> None:
    points = [add("bad", gaurd=lambda: [Quiet()]), add("good", guard=lambda: [Quiet()])]
    plugins = Plugins.discover(found=points)
    assert [record.state for record in plugins.records] == [PluginState.QUARANTINED, PluginState.LOADED]


def test_a_name_that_is_taken_quarantines_the_later_plugin_and_the_first_stays(add: Add) -> None:
    first, second = Quiet(), Quiet()
    plugins = Plugins.discover(found=[add("b", guard=lambda: [second]), add("a", guard=lambda: [first])])
    assert plugins.guardian("quiet") is first
    assert "a plugin adds, it never replaces" in (record_of(plugins, "b").reason or "")


def test_a_built_in_cannot_be_replaced_by_a_stranger(add: Add) -> None:
    points = [*entry_points(group="tradewire"), add("a", guard=lambda: [guardian_named("kill_switch")])]
    plugins = Plugins.discover(found=points)
    assert type(plugins.guardian("kill_switch")).__name__ == "KillSwitch"
    assert record_of(plugins, "a").state is PluginState.QUARANTINED


@pytest.mark.parametrize("name", sorted(RESERVED_GUARDIANS))
def test_no_stranger_judges_in_the_place_of_a_built_in_that_is_not_there(name: str, add: Add) -> None:
    plugins = Plugins.discover(found=[add("stranger", guard=lambda: [guardian_named(name)])])
    assert record_of(plugins, "stranger").state is PluginState.QUARANTINED
    assert name in (record_of(plugins, "stranger").reason or "")
    assert name not in plugins.guardians


def test_the_name_of_every_built_in_guardian_is_reserved() -> None:
    assert Plugins.discover(found=own_points()).guardians.keys() == RESERVED_GUARDIANS
    assert MANDATORY.keys() <= RESERVED_GUARDIANS


def test_a_plugin_that_takes_one_name_twice_adds_nothing(add: Add) -> None:
    plugins = Plugins.discover(found=[add("twice", guard=lambda: [Quiet(), Quiet()])])
    assert record_of(plugins, "twice").state is PluginState.QUARANTINED
    assert plugins.guardians == {}


def test_an_object_of_a_wrong_base_class_is_named(add: Add) -> None:
    plugins = Plugins.discover(found=[add("wrong", guard=lambda: ["quiet"])])
    assert record_of(plugins, "wrong").reason == "TypeError: hook guard returned str, which is no Guardian"


def test_one_wrong_object_keeps_out_all_that_its_plugin_adds(add: Add) -> None:
    plugins = Plugins.discover(found=[add("half", guard=lambda: [Quiet()], blueprint=lambda: [Quiet()])])
    assert record_of(plugins, "half").adds == ()
    assert plugins.guardians == {}


@pytest.mark.parametrize("name", ["", None, 7])
def test_an_object_without_a_name_is_refused(add: Add, name: object) -> None:
    plugins = Plugins.discover(found=[add("nameless", guard=lambda: [guardian_named(name)])])  # type: ignore[arg-type]
    assert "has no name" in (record_of(plugins, "nameless").reason or "")


@pytest.mark.parametrize(
    "members",
    [{"scopes": None}, {"scopes": frozenset()}, {"scopes": frozenset({"algorithm"})}, {"always": None}],
)
def test_a_guardian_without_proper_scopes_is_refused(add: Add, members: dict[str, object]) -> None:
    made = guardian_named("quiet", **members)
    plugins = Plugins.discover(found=[add("scopeless", guard=lambda: [made])])
    record = record_of(plugins, "scopeless")
    assert record.state is PluginState.QUARANTINED
    assert "scopes" in (record.reason or "")


def test_a_plugin_that_registers_nothing_is_told_so(add: Add) -> None:
    plugins = Plugins.discover(found=[add("empty")])
    assert "it registers nothing" in (record_of(plugins, "empty").reason or "")


def test_a_blocked_plugin_is_listed_and_not_imported() -> None:
    point = EntryPoint(name="unwanted", value="no_such_module_of_a_stranger", group="tradewire")
    plugins = Plugins.discover(blocked=["unwanted"], found=[point])
    record = record_of(plugins, "unwanted")
    assert (record.state, record.reason) == (PluginState.BLOCKED, "It is on the block list of the settings.")


def test_tradewires_own_plugins_load_first_then_strangers_by_name(add: Add) -> None:
    strangers = [add(name, guard=lambda name=name: [guardian_named(name)]) for name in ("zeta", "alpha")]
    plugins = Plugins.discover(found=[*strangers, *entry_points(group="tradewire")])
    names = [record.name for record in plugins.records]
    assert names[-2:] == ["alpha", "zeta"]
    assert [record.distribution for record in plugins.records[:-2]] == ["tradewire"] * (len(names) - 2)


def test_a_missing_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(Unhonoured, match=r"No blueprint 'markt' is installed\. Did you mean 'market'\?"):
        Plugins.discover().blueprint("markt")


def test_a_missing_name_without_a_near_one_says_where_to_look() -> None:
    with pytest.raises(Unhonoured, match="`tradewire plugins` lists what is installed"):
        Plugins().broker("zzz")


def test_a_guardian_quarantined_while_running_refuses_with_the_reason(add: Add) -> None:
    plugins = Plugins.discover(found=[add("good", guard=lambda: [Quiet()])])
    plugins.quarantine_guardian("quiet", "it took longer than 250 ms")
    with pytest.raises(Unhonoured, match="quarantined: it took longer than 250 ms"):
        plugins.guardian("quiet")


def test_a_guardian_that_is_always_asked_stays_asked_when_it_is_quarantined(add: Add) -> None:
    made = guardian_named("quiet", always=frozenset({Scope.ALGORITHM}))
    plugins = Plugins.discover(found=[add("good", guard=lambda: [made])])
    plugins.quarantine_guardian("quiet", "late")
    assert plugins.always_asked(Scope.ALGORITHM) == ("quiet",)
    assert plugins.always_asked(Scope.GLOBAL) == ()


def test_a_hook_is_given_the_table_of_its_plugin(add: Add) -> None:
    seen: list[dict[str, object]] = []

    def guard(settings: dict[str, object]) -> list[Guardian]:
        seen.append(settings)
        return [Quiet()]

    table = {"told": {"limit": 5}, "other": {"limit": 6}}
    Plugins.discover(found=[add("told", guard=guard)], settings=table)
    assert seen == [{"limit": 5}]


def test_a_plugin_that_the_settings_configure_and_that_is_missing_or_broken_is_a_problem(add: Add) -> None:
    def refuses(settings: dict[str, object]) -> list[Guardian]:
        raise ValueError("`limit` must be a number")

    points = [add("good", guard=lambda: [Quiet()]), add("strict", guard=refuses), add("kept_out")]
    plugins = Plugins.discover(blocked=["kept_out"], found=points)
    assert plugins.problems_of(["good", "kept_out"]) == []
    assert plugins.problems_of(["strict", "gone"]) == [
        "[plugins.settings.strict]: the plugin cannot be used: ValueError: `limit` must be a number",
        "[plugins.settings.gone] is for a plugin that is not installed. Install it, or take that table out.",
    ]
