"""The tables at the end: Signal Log, orders, fills, positions and profit, latency."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from tradewire.cli import screen
from tradewire.demo.latency import Latency
from tradewire.domain.base import Struct
from tradewire.services.fills import FillView
from tradewire.services.orders import OrderView
from tradewire.services.positions import PositionList
from tradewire.services.refusals import RefusalView
from tradewire.services.signals import SignalView


class Monitor(Struct):
    """What Tradewire itself says in the end, newest first as its API gives it; `names` by signal id."""

    signals: tuple[SignalView, ...]
    refused: tuple[RefusalView, ...]
    orders: tuple[OrderView, ...]
    fills: tuple[FillView, ...]
    positions: PositionList
    names: Mapping[str, str]


def print_monitor(out: Console, monitor: Monitor) -> None:
    for title, table in (
        ("Signal Log", _signals(monitor)),
        ("Orders", _orders(monitor)),
        ("Fills", _fills(monitor)),
        ("Positions and profit", _positions(monitor.positions)),
    ):
        out.print(f"\n[bold underline]{title}[/bold underline]")
        out.print(table)
    for total in monitor.positions.totals:
        out.print(
            f"[bold]In all[/bold]: realised {screen.money(total.realised)}, "
            f"unrealised {screen.money(total.unrealised)}, fees {screen.money(total.fees)}: "
            f"[bold]profit {screen.money(total.profit)} {total.base_currency}[/bold]"
        )


def print_latency(out: Console, latencies: tuple[Latency, ...]) -> None:
    table = screen.table("Milliseconds", "p50", "p99", "of", right=("p50", "p99", "of"))
    for one in latencies:
        table.add_row(one.part, _ms(one.p50_ms), _ms(one.p99_ms), str(one.count))
    out.print("\n[bold underline]Latency[/bold underline]")
    out.print(table)


def _signals(monitor: Monitor) -> Table:
    table = screen.table("Message", "State", "Why", wide="Why")
    for one in reversed(monitor.signals):
        name = monitor.names.get(one.id, "the same, resent" if one.duplicate_of else "")
        test = " TEST" if one.test else ""
        why = one.reason or (
            f"A copy of {one.duplicate_of[-8:]}."
            if one.duplicate_of
            else ", ".join(run.algorithm for run in one.runs)
        )
        table.add_row(screen.escape(name), screen.state(one.state) + test, screen.escape(why))
    for refused in reversed(monitor.refused):
        table.add_row("a wrong key", "[red]refused[/red]", f"401, {refused.kind}: …{refused.last4 or '-'}")
    return table


def _orders(monitor: Monitor) -> Table:
    table = screen.table(
        "Account", "Algorithm", "Order", "State", "Filled", "Price", right=("Filled", "Price"), wide="Order"
    )
    for one in reversed(monitor.orders):
        what = (
            f"{one.side or one.purpose} {one.quantity or ''} {one.symbol} {one.order_type or one.blueprint}"
        )
        price = screen.price(one.average_price) if one.average_price is not None else "-"
        table.add_row(
            one.account, one.algorithm, screen.escape(what), screen.state(one.state), one.filled, price
        )
    return table


def _fills(monitor: Monitor) -> Table:
    table = screen.table(
        "Account", "Side", "Quantity", "Symbol", "Price", "Realised", right=("Quantity", "Price", "Realised")
    )
    for one in reversed(monitor.fills):
        table.add_row(
            one.account,
            one.side,
            one.quantity,
            screen.escape(one.symbol),
            f"{screen.price(one.price)} {one.currency}",
            screen.money(one.realised),
        )
    return table


def _positions(positions: PositionList) -> Table:
    numbers = ("Qty", "Cost", "Mark", "Realised", "Unreal.", "Profit")
    table = screen.table("Algorithm", "Symbol", *numbers, right=numbers)
    for one in positions.items:
        table.add_row(
            one.algorithm or "-",
            screen.escape(one.symbol),
            one.quantity,
            screen.money(one.average_cost),
            screen.money(one.mark),
            screen.money(one.realised),
            screen.money(one.unrealised),
            screen.money(one.profit),
        )
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
