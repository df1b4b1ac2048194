"""All services of one Tradewire, put together once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tradewire.contract.capabilities import Capabilities
from tradewire.domain.algorithm import Plugged
from tradewire.domain.clock import Clock
from tradewire.plugins import Plugins
from tradewire.security.keyring import KeyTable
from tradewire.security.sealing import Secrets
from tradewire.services.accounts import Accounts
from tradewire.services.algorithm_names import Calendars
from tradewire.services.algorithms import Algorithms
from tradewire.services.audit import Audit
from tradewire.services.backup.service import Backup
from tradewire.services.bells import Bells, Silent
from tradewire.services.cancellation import Cancellation
from tradewire.services.doctor.service import Doctor, Surroundings
from tradewire.services.fills import Fills
from tradewire.services.keys import Keys
from tradewire.services.orders import Orders
from tradewire.services.overview import Overview
from tradewire.services.owner import Owner
from tradewire.services.plugin_list import MissingPlugin, plugin_list
from tradewire.services.positions import Market, NoMarket, Positions
from tradewire.services.refusals import Refusals
from tradewire.services.resolution import Resolution, Resolver
from tradewire.services.restorations import Restorations
from tradewire.services.signal_story import SignalStories
from tradewire.services.signals import Signals
from tradewire.services.switches import Switches
from tradewire.services.tokens import Tokens
from tradewire.services.workers import Workers
from tradewire.store.database import Store


@dataclass(frozen=True)
class Services:
    owner: Owner
    tokens: Tokens
    keys: Keys
    accounts: Accounts
    algorithms: Algorithms
    switches: Switches
    signals: Signals
    stories: SignalStories
    refusals: Refusals
    orders: Orders
    resolution: Resolution
    cancellation: Cancellation
    fills: Fills
    positions: Positions
    audit: Audit
    overview: Overview
    backup: Backup
    doctor: Doctor
    restorations: Restorations
    workers: Workers
    plugins: Plugins


def make_services(
    *,
    store: Store,
    clock: Clock,
    secrets: Secrets,
    keys: KeyTable,
    plugins: Plugins,
    calendars: Calendars,
    version: str,
    bells: Bells | None = None,
    market: Market | None = None,
    resolver: Resolver | None = None,
    capabilities: Callable[[str], Capabilities | None] | None = None,
    revealable_keys: bool = True,
    base_currency: str = "USD",
    global_guardians: Sequence[Plugged] = (),
    surroundings: Surroundings | None = None,
    engine: bool = False,
    shared: bool = False,
    lease_s: float = 30.0,
) -> Services:
    """The services over one store.

    `bells`, `market`, `resolver` and `capabilities` come from the engine where one runs here (`engine`), or
    from what the workers tell where the database is `shared` with them.
    """
    rings = bells or Silent()
    owner = Owner(store, clock)
    accounts = Accounts(store, clock, secrets, plugins, rings, base_currency)
    algorithms = Algorithms(
        store, clock, plugins, calendars, rings, capabilities or _not_connected, global_guardians
    )

    async def missing() -> tuple[MissingPlugin, ...]:
        return plugin_list(plugins, await algorithms.list(), await accounts.list()).missing

    return Services(
        owner=owner,
        tokens=Tokens(store, clock, secrets),
        keys=Keys(store, clock, secrets, keys, plugins, owner, revealable=revealable_keys),
        accounts=accounts,
        algorithms=algorithms,
        switches=Switches(store, clock, rings),
        signals=Signals(store),
        stories=SignalStories(store, clock, lease_s, engine=engine),
        refusals=Refusals(store),
        orders=Orders(store),
        resolution=Resolution(store, clock, resolver),
        cancellation=Cancellation(store, clock, rings),
        fills=Fills(store),
        positions=Positions(store, market or NoMarket(), base_currency),
        audit=Audit(store, clock),
        overview=Overview(store, clock, plugins, version, engine=engine, lease_s=lease_s if shared else None),
        backup=Backup(store, clock, version),
        doctor=Doctor(store, clock, plugins, secrets, surroundings, missing),
        restorations=Restorations(store, clock, rings),
        workers=Workers(store, clock, lease_s, nobody=not engine and not shared),
        plugins=plugins,
    )


def _not_connected(account_id: str) -> Capabilities | None:
    """What an account can do where no session is open: not known."""
    return None
