"""An algorithm as its TOML file says it, before it has an id. See docs/reference/algorithm.md."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradewire.domain.algorithm import (
    Dynamic,
    EntrySignal,
    OnOpposite,
    PipelineChoice,
    Plugged,
    Sizing,
    StopUse,
    Validity,
    ValidityKind,
    WhenClosed,
)
from tradewire.domain.base import Struct
from tradewire.domain.clock import iso
from tradewire.domain.order import Side
from tradewire.domain.quantity import canonical
from tradewire.domain.size import SizeKind
from tradewire.services.toml_reader import TableReader, parse_toml

TOP = (
    "name",
    "account",
    "symbol",
    "side",
    "quantity",
    "sizing",
    "allow_shorts",
    "on_opposite",
    "max_entries",
    "when_closed",
    "signal",
    "dynamic",
    "blueprint",
    "validity",
    "guardians",
    "pipeline",
)


class AlgorithmDraft(Struct):
    """What the file says. `account` is a name; `allow_shorts` is None where it is not stated."""

    name: str
    account: str
    signal: EntrySignal
    symbol: str
    side: Side
    quantity: Decimal | None
    sizing: Sizing
    dynamic: Dynamic
    allow_shorts: bool | None
    on_opposite: OnOpposite
    max_entries: int | None
    when_closed: WhenClosed
    blueprint: Plugged
    guardians: tuple[Plugged, ...]
    validity: Validity
    pipeline: PipelineChoice


def read_algorithm(text: str) -> tuple[AlgorithmDraft, list[str]]:
    """The draft, and every mistake as a sentence; what was mistaken holds a stand-in."""
    return read_document(parse_toml(text))


def read_document(document: dict[str, Any]) -> tuple[AlgorithmDraft, list[str]]:
    """The same from parsed TOML."""
    problems: list[str] = []
    top = TableReader(document, "The file", TOP, problems)
    signal = TableReader(top.raw("signal", {}), "[signal]", ("provider", "id"), problems)
    side = top.choice("side", Side)
    draft = AlgorithmDraft(
        name=top.text("name"),
        account=top.text("account"),
        signal=EntrySignal(provider=signal.text("provider", "tradingview"), id=signal.text("id")),
        symbol=top.text("symbol"),
        side=side,
        quantity=_quantity(top),
        sizing=_sizing(top, problems),
        dynamic=_dynamic(top, problems),
        allow_shorts=top.flag("allow_shorts") if "allow_shorts" in top else None,
        on_opposite=top.choice("on_opposite", OnOpposite, OnOpposite.NET),
        max_entries=top.count("max_entries"),
        when_closed=top.choice("when_closed", WhenClosed, WhenClosed.REJECT),
        blueprint=_blueprint(top, problems),
        guardians=_guardians(top, problems),
        validity=_validity(top, problems),
        pipeline=_pipeline(top, problems),
    )
    return draft, problems


def _quantity(top: TableReader) -> Decimal | None:
    """Required, unless the size is given in something else."""
    sizing = top.raw("sizing", {})
    if isinstance(sizing, dict) and "value" in sizing:
        return top.optional("quantity")
    return top.positive("quantity")


def _sizing(top: TableReader, problems: list[str]) -> Sizing:
    table = TableReader(top.raw("sizing", {}), "[sizing]", Sizing.__struct_fields__, problems)
    kind = table.choice("kind", SizeKind, SizeKind.QUANTITY)
    value, stop_percent = table.optional("value"), table.optional("stop_percent")
    if kind is not SizeKind.QUANTITY and "value" not in table:
        problems.append(f'kind = "{kind}" of [sizing] needs a value, such as value = 2.')
    if value is not None and "quantity" in top:
        problems.append("The size is given twice: take out quantity, or value of [sizing].")
    if stop_percent is not None and stop_percent >= 100:
        problems.append(f"stop_percent of [sizing] is below 100, not {canonical(stop_percent)}.")
    stop = table.choice("stop", StopUse, StopUse.REFUSE)
    if kind.is_risk and stop_percent is None and stop is StopUse.REFUSE and not _takes_stops(top):
        problems.append(
            f'kind = "{kind}" of [sizing] needs a stop: stop_percent, or stop = "size_only" for that of the '
            "message."
        )
    return Sizing(kind=kind, value=value, stop_percent=stop_percent, stop=stop)


def _takes_stops(top: TableReader) -> bool:
    """Whether messages may attach a stop, which the blueprint then has to place."""
    dynamic = top.raw("dynamic", {})
    return isinstance(dynamic, dict) and dynamic.get("order") is True


def _dynamic(top: TableReader, problems: list[str]) -> Dynamic:
    names = Dynamic.__struct_fields__
    table = TableReader(top.raw("dynamic", {}), "[dynamic]", names, problems)
    return Dynamic(**{name: table.flag(name) for name in names})


def _blueprint(top: TableReader, problems: list[str]) -> Plugged:
    value = top.raw("blueprint")
    if isinstance(value, str) and value:
        return Plugged(name=value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return Plugged(
            name=value["name"], params={key: storable(one) for key, one in value.items() if key != "name"}
        )
    problems.append('blueprint is missing: write blueprint = "market", or a table [blueprint] with its name.')
    return Plugged(name="")


def _guardians(top: TableReader, problems: list[str]) -> tuple[Plugged, ...]:
    value = top.raw("guardians", {})
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        problems.append("Each guardian is a table: [guardians.max_position] with quantity = 500 below it.")
        return ()
    return tuple(
        Plugged(name=name, params={key: storable(one) for key, one in params.items()})
        for name, params in value.items()
    )


def _validity(top: TableReader, problems: list[str]) -> Validity:
    if "validity" not in top:
        problems.append(
            'validity is missing: choose [validity] with kind = "day" (stops at the market\'s close), "gtc" '
            'or "window" (with start and end).'
        )
        return Validity(kind=ValidityKind.GTC)
    names = Validity.__struct_fields__
    table = TableReader(top.raw("validity"), "[validity]", names, problems)
    kind = table.choice("kind", ValidityKind)
    start, end = table.moment("start"), table.moment("end")
    if kind is ValidityKind.WINDOW and start is None and end is None:
        problems.append("A window has a start, an end or both: end = 2026-12-31T16:00:00-05:00.")
    if kind is not ValidityKind.WINDOW and ("start" in table or "end" in table):
        problems.append(f'start and end of [validity] belong to kind = "window", not to "{kind}".')
    if start is not None and end is not None and end <= start:
        problems.append(f"The window ends at {iso(end)}, which is not after its start at {iso(start)}.")
    zone = table.text("timezone") if "timezone" in table else None
    if zone is not None and not _is_zone(zone):
        problems.append(f'timezone of [validity] is a name such as "America/New_York", not "{zone}".')
    return Validity(
        kind=kind,
        calendar=table.text("calendar") if "calendar" in table else None,
        timezone=zone,
        start=start,
        end=end,
    )


def _pipeline(top: TableReader, problems: list[str]) -> PipelineChoice:
    table = TableReader(top.raw("pipeline", {}), "[pipeline]", ("match", "override"), problems)
    return PipelineChoice(match=table.texts("match"), override=table.texts("override"))


def storable(value: Any) -> Any:
    """A parameter as it is stored: exact numbers and times as text, which `Params` reads again."""
    if isinstance(value, Decimal):
        return canonical(value) if value.is_finite() else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: storable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [storable(one) for one in value]
    return value


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
