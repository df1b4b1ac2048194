"""The plugin pages say what the contract says, and their samples load."""

import inspect
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import msgspec
import pluggy
import pytest

import tradewire
from docs import pages
from docs.pages import ROOT
from tradewire import (
    Algorithm,
    AssetClass,
    Authenticator,
    Blueprint,
    Broker,
    DedupeClass,
    EntrySignal,
    Exposure,
    GuardedOrder,
    Guardian,
    GuardView,
    Instrument,
    Matcher,
    Message,
    OrderType,
    Override,
    Plugged,
    Provider,
    Purpose,
    Scope,
    Session,
    Side,
    Validity,
    ValidityKind,
    hookspecs,
)
from tradewire.contract import broker
from tradewire.plugins import Plugins, PluginState
from tradewire.testing import contracts

PAGE = ROOT / "docs/plugins/writing-a-plugin.md"
BROKERS = ROOT / "docs/plugins/broker-sessions.md"
BASES = {
    "parse": Provider,
    "authenticate": Authenticator,
    "match": Matcher,
    "override": Override,
    "guard": Guardian,
    "blueprint": Blueprint,
}


def hooks() -> list[str]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return [name for name in vars(hookspecs) if name in vars(manager.hook)]


@pytest.mark.parametrize("hook", hooks())
def test_a_hook_stands_on_the_page_with_its_signature_and_its_rule(hook: str) -> None:
    function = getattr(hookspecs, hook)
    section = pages.sections(PAGE, 3)[hook]
    assert f"def {hook}{inspect.signature(function)}".replace("'", "") in section
    assert pages.flat(inspect.getdoc(function) or "") in pages.flat(section)


def test_the_page_has_no_other_hook() -> None:
    signatures = [
        block.code.split("(")[0].removeprefix("def ")
        for block in pages.blocks(PAGE)
        if block.code.startswith("def ") and block.code.count("\n") == 1
    ]
    assert signatures == hooks()


@pytest.mark.parametrize("hook", BASES)
def test_the_members_of_a_base_class_stand_under_its_hook(hook: str) -> None:
    assert _table(BASES[hook]) in pages.sections(PAGE, 3)[hook]


@pytest.mark.parametrize("base", [Broker, Session])
def test_the_members_of_broker_and_session_stand_on_their_page(base: type) -> None:
    assert _table(base) in pages.text(BROKERS)


def test_every_method_of_a_session_is_explained() -> None:
    methods = {name for name, member in vars(Session).items() if inspect.isfunction(member)}
    told = {cell.partition("(")[0] for cell in pages.first_cells(pages.sections(BROKERS, 2)["The session"])}
    assert methods <= told


def test_every_class_of_deduplication_and_every_event_is_explained() -> None:
    cells = set(pages.first_cells(pages.text(BROKERS)))
    assert {one.name for one in DedupeClass} <= cells
    assert {one.__name__ for one in broker.Event.__args__} <= cells


def test_everything_the_samples_import_is_public() -> None:
    assert {"Guardian", "hookimpl", "not_applicable"} <= set(tradewire.__all__)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from, and forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for module in set(sys.modules) - before:
        if (Path(getattr(sys.modules[module], "__file__", None) or "/")).is_relative_to(tmp_path):
            del sys.modules[module]


def _packaged(folder: Path) -> EntryPoint:
    """The page's package in `folder`; returns the entry point that its pyproject.toml names."""
    section = pages.sections(PAGE, 2)["A complete package"]
    toml, python = [block.code for block in pages.blocks(PAGE) if block.code in section][:2]
    (folder / "pyproject.toml").write_text(toml, encoding="utf-8")
    project = tomllib.loads(toml)
    (file,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    (folder / file).write_text(python, encoding="utf-8")
    ((name, value),) = project["project"]["entry-points"]["tradewire"].items()
    return EntryPoint(name=name, value=value, group="tradewire")


def test_the_smallest_guardian_loads(folder: Path) -> None:
    (block,) = (one for one in pages.blocks(PAGE) if "class NoFridays" in one.code)
    (folder / "no_fridays_sample.py").write_text(block.code, encoding="utf-8")
    point = EntryPoint(name="no_fridays", value="no_fridays_sample", group="tradewire")
    (record,) = Plugins.discover(found=[point]).records
    assert (record.state, record.adds) == (PluginState.LOADED, ("guard: no_fridays",)), record.reason


def test_the_complete_package_loads_through_its_entry_point(folder: Path) -> None:
    (record,) = Plugins.discover(found=[_packaged(folder)]).records
    assert (record.state, record.adds) == (PluginState.LOADED, ("guard: quiet_hours",)), record.reason


@pytest.mark.parametrize(
    ("hour", "purpose", "reason"),
    [(23, Purpose.ENTRY, "quiet_hours"), (12, Purpose.ENTRY, "open_hours"), (23, Purpose.EXIT, "exit")],
)
def test_the_complete_package_judges(folder: Path, hour: int, purpose: Purpose, reason: str) -> None:
    guardian = Plugins.discover(found=[_packaged(folder)]).guardian("quiet_hours")
    (toml,) = (one.code for one in pages.blocks(PAGE) if one.code.startswith("[guardians.quiet_hours]"))
    params = msgspec.convert(tomllib.loads(toml)["guardians"]["quiet_hours"], guardian.Params)
    order, view = _order(purpose), _view(datetime(2026, 3, 2, hour, tzinfo=UTC), params)
    assert guardian.guard(order, view).reason == reason


def test_the_tests_on_the_page_pass_for_the_template() -> None:
    (block,) = (one for one in pages.blocks(PAGE) if "class TestContract" in one.code)
    module: dict[str, Any] = {}
    exec(compile(block.code, PAGE.name, "exec"), module)
    suite = module["TestContract"]
    checks = [getattr(suite(), name) for name in dir(suite) if name.startswith("test_")]
    checks += [made for name, made in module.items() if name.startswith("test_")]
    assert len(checks) > 5
    for check in checks:
        check()


def test_every_contract_stands_on_the_page() -> None:
    told = set(pages.first_cells(pages.sections(PAGE, 2)["Testing it"]))
    assert set(contracts.__all__) <= told


def test_a_plugin_that_takes_a_taken_name_is_refused_as_a_whole(folder: Path) -> None:
    point = _packaged(folder)
    again = EntryPoint(name="second", value=point.value, group=point.group)
    plugins = Plugins.discover(found=[point, again])
    assert [record.state for record in plugins.records] == [PluginState.LOADED, PluginState.QUARANTINED]
    assert plugins.records[1].adds == ()


def _table(base: type) -> str:
    return "\n".join(line for line in (inspect.getdoc(base) or "").splitlines() if line.startswith("|"))


def _order(purpose: Purpose) -> GuardedOrder:
    return GuardedOrder(
        parent_id="p",
        account_id="a",
        purpose=purpose,
        symbol="AAPL",
        instrument=Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD"),
        side=Side.BUY,
        quantity=Decimal(1),
        order_type=OrderType.MARKET,
    )


def _view(now: datetime, params: object) -> GuardView:
    algorithm = Algorithm(
        id="a",
        name="a",
        account_id="a",
        signal=EntrySignal(id="a"),
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(1),
        blueprint=Plugged(name="market"),
        validity=Validity(kind=ValidityKind.GTC),
        created_at=now,
    )
    return GuardView(
        now=now,
        scope=Scope.ALGORITHM,
        params=params,
        algorithm=algorithm,
        message=Message(strategy_id="a"),
        received_at=now,
        exposure=Exposure(instrument_id="AAPL"),
    )
