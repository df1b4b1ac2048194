"""Which symbols, asset classes, sides and order types may be traded."""

from collections.abc import Collection, Iterator

import msgspec

from tradewire import (
    AssetClass,
    GuardedOrder,
    Guardian,
    GuardView,
    OrderType,
    Purpose,
    Scope,
    Side,
    Verdict,
    allow,
    block,
    not_applicable,
)


class SymbolsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An allow list that is empty allows all; a deny list wins over an allow list. Symbols are compared in
    upper case, and by the ticker alone where either has no exchange prefix ("AAPL" and "NASDAQ:AAPL")."""

    allow_symbols: tuple[str, ...] = ()
    deny_symbols: tuple[str, ...] = ()
    allow_asset_classes: tuple[AssetClass, ...] = ()
    deny_asset_classes: tuple[AssetClass, ...] = ()
    allow_sides: tuple[Side, ...] = ()
    deny_sides: tuple[Side, ...] = ()
    allow_order_types: tuple[OrderType, ...] = ()
    deny_order_types: tuple[OrderType, ...] = ()

    def __post_init__(self) -> None:
        if not any(getattr(self, field) for field in self.__struct_fields__):
            raise ValueError("symbols needs at least one list that is not empty")


class Symbols(Guardian):
    """An entry that a list denies, or that no allow list of its kind names, is blocked."""

    name = "symbols"
    scopes = frozenset(Scope)
    Params = SymbolsParams

    def guard(self, order: GuardedOrder, view: GuardView) -> Verdict:
        if order.purpose is not Purpose.ENTRY:
            return not_applicable(order.purpose.value, "The lists of symbols hold for entries only.")
        for refusal in _refusals(order, view.params):
            return refusal
        return allow(
            "listed", f"A {order.order_type} {order.side} of {order.symbol} is allowed by the lists."
        )


def _refusals(order: GuardedOrder, params: SymbolsParams) -> Iterator[Verdict]:
    names = _names(order)
    if any(_same(name, listed) for name in names for listed in params.deny_symbols):
        yield _denied("symbol", order.symbol, params.deny_symbols)
    if params.allow_symbols and not any(_same(n, listed) for n in names for listed in params.allow_symbols):
        yield _not_allowed("symbol", order.symbol, params.allow_symbols)
    kinds: tuple[tuple[str, str, Collection[str], Collection[str]], ...] = (
        (
            "asset class",
            order.instrument.asset_class,
            params.allow_asset_classes,
            params.deny_asset_classes,
        ),
        ("side", order.side, params.allow_sides, params.deny_sides),
        ("order type", order.order_type, params.allow_order_types, params.deny_order_types),
    )
    for kind, value, allowed, denied in kinds:
        if value in denied:
            yield _denied(kind, value, denied)
        if allowed and value not in allowed:
            yield _not_allowed(kind, value, allowed)


def _names(order: GuardedOrder) -> set[str]:
    """The symbol as asked for and as resolved; a bare ticker gives way to the same one with its exchange."""
    names = {order.symbol.upper(), order.instrument.symbol.upper()}
    return names - {name.partition(":")[2] for name in names if ":" in name}


def _same(name: str, listed: str) -> bool:
    listed = listed.strip().upper()
    if ":" in name and ":" in listed:
        return name == listed
    return name.rpartition(":")[2] == listed.rpartition(":")[2]


def _denied(kind: str, value: str, listed: Collection[str]) -> Verdict:
    message = f"The {kind} {value} is on the list of what is denied."
    return block(
        f"{kind.replace(' ', '_')}_denied", message, value=str(value), limit=f"not {_joined(listed)}"
    )


def _not_allowed(kind: str, value: str, listed: Collection[str]) -> Verdict:
    message = f"The {kind} {value} is not on the list of what is allowed: {_joined(listed)}."
    return block(f"{kind.replace(' ', '_')}_not_allowed", message, value=str(value), limit=_joined(listed))


def _joined(listed: Collection[str]) -> str:
    return ", ".join(str(one) for one in listed)
