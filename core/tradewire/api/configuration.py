"""Accounts, algorithms, switches, plugins."""

from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tradewire.api.identity import Identity
from tradewire.domain.base import Struct
from tradewire.domain.verdict import Scope
from tradewire.services.account_changes import AccountChange
from tradewire.services.accounts import AccountView, BrokerView, NewAccount
from tradewire.services.algorithm_view import AlgorithmDetail, AlgorithmView, SavedAlgorithm
from tradewire.services.plugin_list import PluginList, plugin_list
from tradewire.services.services import Services
from tradewire.services.switches import SwitchView


class AlgorithmRequest(Struct, forbid_unknown_fields=True):
    """`toml` is the algorithm's file; `allow_shorts` answers for it where it does not say."""

    toml: str
    allow_shorts: bool | None = None


class AlgorithmReplacement(AlgorithmRequest, forbid_unknown_fields=True):
    """`of`: the algorithm that is replaced, where the file gives it a new name."""

    of: str | None = None


class StopRequest(Struct, forbid_unknown_fields=True):
    reason: str | None = None


class HaltRequest(Struct, forbid_unknown_fields=True):
    """`target` is the account's or algorithm's name or id; `reducing` lets exits pass."""

    reason: str
    scope: Scope = Scope.GLOBAL
    target: str = ""
    reducing: bool = False


class ResumeRequest(Struct, forbid_unknown_fields=True):
    reason: str
    scope: Scope = Scope.GLOBAL
    target: str = ""


class AccountRoutes(Controller):
    path = "/accounts"
    tags = ("Accounts",)

    @get("/", summary="Every account, without its credentials")
    async def list_accounts(self, services: NamedDependency[Services]) -> tuple[AccountView, ...]:
        return await services.accounts.list()

    @post("/", summary="Add a paper account")
    async def add_account(
        self,
        data: JSONBody[NewAccount],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> AccountView:
        return await services.accounts.add(data, caller.name)

    @get("/{reference:str}", summary="One account, without its credentials")
    async def show_account(
        self, reference: FromPath[str], services: NamedDependency[Services]
    ) -> AccountView:
        return await services.accounts.show(reference)

    @patch(
        "/{reference:str}", summary="Change its fields, its guardians, or how what is opened on it is scaled"
    )
    async def change_account(
        self,
        reference: FromPath[str],
        data: JSONBody[AccountChange],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> AccountView:
        return await services.accounts.change(reference, data, caller.name)

    @delete("/{reference:str}", status_code=200, summary="Take it away with its credentials")
    async def remove_account(
        self, reference: FromPath[str], services: NamedDependency[Services], caller: NamedDependency[Identity]
    ) -> AccountView:
        return await services.accounts.remove(reference, caller.name)


class AlgorithmRoutes(Controller):
    path = "/algorithms"
    tags = ("Algorithms",)

    @get("/", summary="Every algorithm")
    async def list_algorithms(self, services: NamedDependency[Services]) -> tuple[AlgorithmView, ...]:
        return await services.algorithms.list()

    @post("/", summary="Save an algorithm, stopped")
    async def add_algorithm(
        self,
        data: JSONBody[AlgorithmRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> SavedAlgorithm:
        return await services.algorithms.add(data.toml, caller.name, allow_shorts=data.allow_shorts)

    @put("/", summary="Replace the algorithm that the file names; started or stopped it stays")
    async def update_algorithm(
        self,
        data: JSONBody[AlgorithmReplacement],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> SavedAlgorithm:
        return await services.algorithms.update(
            data.toml, caller.name, allow_shorts=data.allow_shorts, of=data.of
        )

    @delete("/{reference:str}", status_code=200, summary="Take a stopped algorithm away")
    async def remove_algorithm(
        self, reference: FromPath[str], services: NamedDependency[Services], caller: NamedDependency[Identity]
    ) -> AlgorithmView:
        return await services.algorithms.remove(reference, caller.name)

    @get("/{reference:str}", summary="An algorithm and its chain of plugins")
    async def show_algorithm(
        self, reference: FromPath[str], services: NamedDependency[Services]
    ) -> AlgorithmDetail:
        return await services.algorithms.show(reference)

    @post("/{reference:str}/start", status_code=200, summary="Let it act")
    async def start_algorithm(
        self, reference: FromPath[str], services: NamedDependency[Services], caller: NamedDependency[Identity]
    ) -> AlgorithmView:
        return await services.algorithms.start(reference, caller.name)

    @post("/{reference:str}/stop", status_code=200, summary="Let it match nothing from now on")
    async def stop_algorithm(
        self,
        reference: FromPath[str],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
        data: JSONBody[StopRequest],
    ) -> AlgorithmView:
        return await services.algorithms.stop(reference, caller.name, data.reason)


class SwitchRoutes(Controller):
    tags = ("Kill switch",)

    @get("/switches", summary="The kill switch of every scope")
    async def list_switches(self, services: NamedDependency[Services]) -> tuple[SwitchView, ...]:
        return await services.switches.list()

    @post("/halt", status_code=200, summary="Let nothing but cancels pass")
    async def halt(
        self,
        data: JSONBody[HaltRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> SwitchView:
        return await services.switches.halt(
            data.scope, data.target, data.reason, caller.name, reducing=data.reducing
        )

    @post("/resume", status_code=200, summary="Release the kill switch")
    async def resume(
        self,
        data: JSONBody[ResumeRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> SwitchView:
        return await services.switches.resume(data.scope, data.target, data.reason, caller.name)


class PluginRoutes(Controller):
    tags = ("Plugins",)

    @get("/plugins", summary="Every plugin with its state, and those that are missing")
    async def list_plugins(self, services: NamedDependency[Services]) -> PluginList:
        return plugin_list(services.plugins, await services.algorithms.list(), await services.accounts.list())

    @get("/brokers", summary="Every broker and its configuration's fields")
    async def list_brokers(self, services: NamedDependency[Services]) -> tuple[BrokerView, ...]:
        return services.accounts.brokers()
