"""The fields of a paper account's configuration."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from tradewire import ConfigField, Struct, Unhonoured
from tradewire_paper.faults import Fault


class Hours(StrEnum):
    ALWAYS = "always"
    EXCHANGE = "exchange"


class PaperConfig(Struct, forbid_unknown_fields=True):
    """One account's terms; see `FIELDS` for what each says."""

    starting_cash: Decimal = Decimal(100000)
    seed: int = 1
    volatility: Decimal = Decimal(30)
    prices: dict[str, Decimal] = {}  # noqa: RUF012 - msgspec gives every struct a copy
    spread_bps: Decimal = Decimal(2)
    slippage_bps: Decimal = Decimal(0)
    answer_ms: int = 0
    latency_ms: int = 5
    fee_per_unit: Decimal = Decimal(0)
    fee_bps: Decimal = Decimal(0)
    partial_fills: int = 1
    leverage: Decimal = Decimal(1)
    hours: Hours = Hours.ALWAYS
    bars: str | None = None
    unknown_symbols: tuple[str, ...] = ()
    url: str | None = None
    venue_account: str | None = None
    timeout_s: float = 5.0
    faults: tuple[Fault, ...] = ()


_MEANING = {
    "starting_cash": "cash of a new account, in its currency",
    "seed": "seed of the random walk; the same seed gives the same prices",
    "volatility": "yearly volatility of the random walk in percent; 0 lets prices stand still",
    "prices": 'first prices by symbol, e.g. {AAPL = "200"}',
    "spread_bps": "distance of bid and ask in basis points of the price",
    "slippage_bps": "how much worse than the quote a market order fills, in basis points",
    "answer_ms": "milliseconds from taking an order to answering that it was taken, as a broker far away has",
    "latency_ms": "milliseconds from the acknowledgement to the first fill, and between partial fills",
    "fee_per_unit": "fee for each share, coin or contract, in the instrument's currency",
    "fee_bps": "fee in basis points of a fill's value",
    "partial_fills": "in how many pieces an order fills; 1 fills it at once",
    "leverage": "buying power as a multiple of equity",
    "hours": '"always" trades round the clock, "exchange" only in the instrument\'s session',
    "bars": "CSV or CSV.gz of bars to replay instead of the walk: ts,open,high,low,close[,volume,bid,ask]",
    "unknown_symbols": "tickers that this account pretends not to know",
    "url": "URL of a venue process; without it the account trades in-process",
    "venue_account": "the account's name at the venue process; by default the account's own",
    "timeout_s": "seconds after which an answer of the venue process is given up",
    "faults": 'faults by script, e.g. [{kind = "accept_then_500", nth = 1}]',
}

FIELDS = tuple(
    ConfigField(name=name, description=meaning, default=msgspec.to_builtins(getattr(PaperConfig(), name)))
    for name, meaning in _MEANING.items()
)

_POSITIVE = ("starting_cash", "leverage", "partial_fills", "timeout_s")
_NOT_NEGATIVE = (
    "volatility",
    "spread_bps",
    "slippage_bps",
    "answer_ms",
    "latency_ms",
    "fee_per_unit",
    "fee_bps",
)
_IN_BPS = ("spread_bps", "slippage_bps")
_WIDEST_BPS = 5000


def read_config(values: Mapping[str, Any]) -> PaperConfig:
    """The configuration in `values`; texts are understood as well. Raises `Unhonoured` with each mistake."""
    problems = problems_of(values)
    if problems:
        raise Unhonoured(" ".join(problems))
    return _converted(values)


def problems_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Every mistake in `values` as a sentence, each with its field."""
    return tuple(filter(None, (_problem(name, value) for name, value in values.items())))


def _problem(name: str, value: Any) -> str | None:
    if name not in _MEANING:
        return f"A paper account has no field {name}."
    try:
        number = getattr(_converted({name: value}), name)
    except (msgspec.ValidationError, msgspec.DecodeError) as problem:
        why = _in_words(str(problem), name)
        return f"The paper account's {name} is not understood ({why}); what belongs there: {_MEANING[name]}."
    if name not in (*_POSITIVE, *_NOT_NEGATIVE):
        return None
    exact = Decimal(str(number))
    if not exact.is_finite() or exact < 0 or (exact == 0 and name in _POSITIVE):
        rule = "greater than 0" if name in _POSITIVE else "0 or more"
        return f"The paper account's {name} is {number}; it must be {rule}."
    if name in _IN_BPS and exact > _WIDEST_BPS:
        return f"The paper account's {name} is {number}; it must not exceed {_WIDEST_BPS}."
    return None


def _converted(values: Mapping[str, Any]) -> PaperConfig:
    texts = {name: _from_text(name, value) for name, value in values.items()}
    return msgspec.convert(texts, PaperConfig, strict=False)


_AS_SAID = {
    "Invalid decimal string": "no number",
    "Expected int, got str": "no whole number",
    "Expected float, got str": "no number",
    "Input data was truncated": "it ends too early",
}


def _in_words(error: str, name: str) -> str:
    """msgspec's message with a path only where it leads into the field, as faults[0].kind does."""
    text, _, path = error.replace("`", "").partition(" - at $.")
    text = _AS_SAID.get(text, text[:1].lower() + text[1:].replace("enum value", "value"))
    return f"{text} at {path}" if path not in ("", name) else text


def _from_text(name: str, value: Any) -> Any:
    """Lists and tables may come as one text from a command line: JSON, or names with commas."""
    if not isinstance(value, str) or name not in ("unknown_symbols", "faults", "prices"):
        return value
    if value.lstrip().startswith(("[", "{")):
        return msgspec.json.decode(value)
    return [part.strip() for part in value.split(",") if part.strip()]
