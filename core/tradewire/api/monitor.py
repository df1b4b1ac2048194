"""The Signal Log, orders, fills, positions, and how things stand."""

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tradewire.api.identity import Identity
from tradewire.domain.base import Struct
from tradewire.domain.order import ParentState
from tradewire.services.fills import FillPage
from tradewire.services.numbers import number_in
from tradewire.services.orders import ChildView, OrderPage, OrderView
from tradewire.services.overview import Status
from tradewire.services.paging import DEFAULT_LIMIT
from tradewire.services.positions import Grouping, PositionList
from tradewire.services.refusals import RefusalPage
from tradewire.services.resolution import DecidedAbsent, DecidedFilled, Decision
from tradewire.services.services import Services
from tradewire.services.signal_filter import SignalFilter
from tradewire.services.signal_story import SignalStory
from tradewire.services.signals import SignalPage

After = Annotated[str | None, QueryParameter(description="the `next` of the page before")]
Limit = Annotated[int, QueryParameter(description="1 to 500")]


class ResolveRequest(Struct, forbid_unknown_fields=True):
    """`quantity` (in all) and `price` belong to the decision `filled`."""

    decision: Literal["absent", "filled"]
    quantity: str | None = None
    price: str | None = None


class CancelRequest(Struct, forbid_unknown_fields=True):
    """`reason` is kept in the ledger."""

    reason: str | None = None


class MonitorRoutes(Controller):
    tags = ("Monitor",)

    @get("/status", summary="How things stand")
    async def show_status(self, services: NamedDependency[Services]) -> Status:
        return await services.overview.status()

    @get("/signals", summary="The Signal Log, newest first")
    async def list_signals(
        self,
        services: NamedDependency[Services],
        status: FromQuery[SignalFilter | None] = None,
        algorithm: FromQuery[str | None] = None,
        strategy_id: FromQuery[str | None] = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> SignalPage:
        return await services.signals.list(
            status=status, algorithm=algorithm, strategy_id=strategy_id, limit=limit, after=after
        )

    @get("/signals/{reference:str}", summary="One signal through every stage; the id's beginning is enough")
    async def show_signal(self, reference: FromPath[str], services: NamedDependency[Services]) -> SignalStory:
        return await services.stories.show(reference)

    @get("/refused", summary="Messages without a valid key, newest first")
    async def list_refused(
        self, services: NamedDependency[Services], limit: Limit = DEFAULT_LIMIT, after: After = None
    ) -> RefusalPage:
        return await services.refusals.list(limit=limit, after=after)

    @get("/orders", summary="Parent orders with their children, newest first")
    async def list_orders(
        self,
        services: NamedDependency[Services],
        account: FromQuery[str | None] = None,
        algorithm: FromQuery[str | None] = None,
        order_state: Annotated[ParentState | None, QueryParameter(name="state")] = None,
        live: FromQuery[bool] = False,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> OrderPage:
        return await services.orders.list(
            account=account, algorithm=algorithm, state=order_state, live=live, limit=limit, after=after
        )

    @post("/orders/{reference:str}/resolve", status_code=200, summary="Decide about an UNKNOWN order")
    async def resolve_order(
        self,
        reference: FromPath[str],
        data: JSONBody[ResolveRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> ChildView:
        return await services.resolution.resolve(reference, _decision(data), caller.name)

    @post("/orders/{reference:str}/cancel", status_code=200, summary="Have a live order ended")
    async def cancel_order(
        self,
        reference: FromPath[str],
        data: JSONBody[CancelRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> OrderView:
        return await services.cancellation.cancel(reference, caller.name, data.reason)

    @get("/fills", summary="Executions, newest first")
    async def list_fills(
        self,
        services: NamedDependency[Services],
        account: FromQuery[str | None] = None,
        algorithm: FromQuery[str | None] = None,
        limit: Limit = DEFAULT_LIMIT,
        after: After = None,
    ) -> FillPage:
        return await services.fills.list(account=account, algorithm=algorithm, limit=limit, after=after)

    @get("/positions", summary="Positions and profit")
    async def list_positions(
        self,
        services: NamedDependency[Services],
        by: FromQuery[Grouping] = Grouping.ALGORITHM,
        account: FromQuery[str | None] = None,
        algorithm: FromQuery[str | None] = None,
        flat: FromQuery[bool] = False,
    ) -> PositionList:
        return await services.positions.list(by=by, account=account, algorithm=algorithm, flat=flat)


def _decision(data: ResolveRequest) -> Decision:
    if data.decision == "absent":
        return DecidedAbsent()
    return DecidedFilled(quantity=number_in("quantity", data.quantity), price=number_in("price", data.price))
