"""`tradewire orders`, `tradewire order resolve`, `tradewire order cancel`, `tradewire fills`."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from tradewire.cli import screen
from tradewire.cli.client import connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common
from tradewire.cli.ranges import MOST_ITEMS, above_zero, between

if TYPE_CHECKING:
    from tradewire.services.orders import OrderView

order = App(name="order", help="One order.")

State = Literal[
    "pending",
    "working",
    "paused",
    "filled",
    "partly_filled",
    "cancelled",
    "rejected",
    "blocked",
    "skipped",
    "expired",
    "failed",
    "tested",
    "done",
]
Account = Annotated[str | None, Parameter(help="Only this account's.")]
Algorithm = Annotated[str | None, Parameter(help="Only this algorithm's.")]
Limit = Annotated[int, Parameter(help="How many, the newest; 1 to 500.", validator=between(1, MOST_ITEMS))]
After = Annotated[str | None, Parameter(help="The `next` of the page before.")]


def register(app: App) -> None:
    app.command(orders)
    app.command(order)
    app.command(fills)


def orders(
    *,
    live: Annotated[bool, Parameter(negative="", help="Only what has not ended.")] = False,
    state: Annotated[State | None, Parameter(help="Only orders in this state.")] = None,
    account: Account = None,
    algorithm: Algorithm = None,
    limit: Limit = 20,
    after: After = None,
    common: Common = DEFAULT,
) -> None:
    """Orders with what was placed at the broker."""
    with connect(common) as api:
        answer = api.get(
            "/orders",
            live=live or None,
            state=state,
            account=account,
            algorithm=algorithm,
            limit=limit,
            after=after,
        )
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.orders import OrderPage

    page = answer.read(OrderPage)
    if not page.items:
        sys.stdout.write("No orders.\n")
        return
    shown = screen.table(screen.clock_header(common), "Id", "State", "Order", wide="Order")
    ids = screen.short_ids([one.id for one in page.items], 8)
    for one in reversed(page.items):
        shown.add_row(
            screen.moment(common, one.created_at),
            ids[one.id],
            screen.state(one.state),
            "\n".join(_lines(one)),
        )
    screen.console().print(shown)
    if page.next is not None:
        sys.stdout.write(f"Older ones: --after {page.next}\n")


@order.command
def resolve(
    reference: Annotated[str, Parameter(help="The order's id; its beginning is enough.")],
    /,
    *,
    absent: Annotated[bool, Parameter(negative="", help="It never reached the broker.")] = False,
    filled: Annotated[
        str | None,
        Parameter(help="It was executed: the quantity filled in all.", validator=above_zero),
    ] = None,
    price: Annotated[
        str | None, Parameter(help="The price per unit, with --filled.", validator=above_zero)
    ] = None,
    common: Common = DEFAULT,
) -> None:
    """Decide about an order of which the broker cannot tell whether it exists."""
    if absent == (filled is not None):
        raise Stop(Exit.USAGE, "Say what became of it: either --absent, or --filled QTY --price P.")
    if filled is not None and price is None:
        raise Stop(Exit.USAGE, "--filled needs --price, the price per unit.")
    decision = (
        {"decision": "absent"} if absent else {"decision": "filled", "quantity": filled, "price": price}
    )
    with connect(common) as api:
        answer = api.post(f"/orders/{quote(reference, safe='')}/resolve", decision)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.domain.order import ChildState
    from tradewire.services.orders import ChildView

    child = answer.read(ChildView)
    if child.state == ChildState.UNKNOWN:
        text = "is kept, and applied once somebody serves its account; `tradewire workers` shows who does."
        sys.stdout.write(f"The decision on the order {child.client_id} {text}\n")
        return
    sys.stdout.write(f"The order {child.client_id} is {child.state.replace('_', ' ')}; the ledger has it.\n")


@order.command
def cancel(
    reference: Annotated[str, Parameter(help="The order's id; its beginning is enough.")],
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why; the ledger keeps it.")] = None,
    common: Common = DEFAULT,
) -> None:
    """End a live order: nothing more of it is placed, and what is open at the broker is cancelled there."""
    from tradewire.services.orders import OrderView
    from tradewire.services.overview import Status

    with connect(common) as api:
        answer = api.post(f"/orders/{quote(reference, safe='')}/cancel", {"reason": reason})
        engine = api.get("/status").read(Status).engine
    if common.json:
        screen.print_json(answer.content)
        return
    one = answer.read(OrderView)
    what = "is being cancelled" if engine else "is cancelled once `tradewire up` or `tradewire worker` runs"
    text = f"The order {one.id[:8]} ({_what(one)}) {what}."
    sys.stdout.write(screen.printable(text) + "\n")
    if any(child.state == "unknown" for child in one.children):
        sys.stdout.write("The broker has not said whether it has it: it is looked up, and over after that.\n")


def fills(
    *,
    account: Account = None,
    algorithm: Algorithm = None,
    limit: Limit = 20,
    after: After = None,
    common: Common = DEFAULT,
) -> None:
    """Executions with price, fee and profit."""
    with connect(common) as api:
        answer = api.get("/fills", account=account, algorithm=algorithm, limit=limit, after=after)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.fills import FillPage

    page = answer.read(FillPage)
    if not page.items:
        sys.stdout.write("No fills.\n")
        return
    right = ("Price", "Fee", "Profit")
    shown = screen.table(screen.clock_header(common), "Algorithm", "Fill", *right, right=right, wide="Fill")
    for one in reversed(page.items):
        shown.add_row(
            screen.moment(common, one.at),
            screen.escape(one.algorithm or "-"),
            screen.escape(f"{one.side} {one.quantity} {one.symbol}"),
            f"{screen.price(one.price)} {one.currency}",
            screen.money(one.fee),
            screen.money(one.realised),
        )
    screen.console().print(shown)
    if page.next is not None:
        sys.stdout.write(f"Older ones: --after {page.next}\n")


def _lines(one: "OrderView") -> list[str]:
    what = f"{_what(one)} {one.order_type or one.blueprint}"
    at = f" at {screen.price(one.limit_price)}" if one.limit_price else ""
    asked = f" for {one.size}" if one.size is not None and one.quantity is not None else ""
    lines = [
        screen.escape(f"{what}{at}{asked} · {one.algorithm} · {one.account}") + ("  TEST" if one.test else "")
    ]
    if one.average_price is not None:
        lines.append(f"[dim]filled {one.filled} at {screen.price(one.average_price)}[/dim]")
    why = one.detail or one.reason
    if why and one.state != "filled":
        lines.append(f"[dim]{screen.escape(why)}[/dim]")
    unknown = [child for child in one.children if child.state == "unknown"]
    lines += [f"[red]unknown at the broker[/red]: {child.client_id[:8]}" for child in unknown]
    return lines


def _what(one: "OrderView") -> str:
    """Side, quantity and symbol; while there is no quantity yet, what was asked for."""
    verb = one.side or one.purpose
    if one.quantity is None and one.size is not None:
        return f"{verb} {one.symbol} for {one.size}"
    return f"{verb} {one.quantity or 'all'} {one.symbol}"
