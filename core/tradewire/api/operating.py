"""Backups, restored databases, and whether all is well."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from tradewire.api.identity import Identity
from tradewire.domain.base import Struct
from tradewire.services.doctor.finding import Diagnosis
from tradewire.services.restorations import Confirmed, Restoration
from tradewire.services.services import Services
from tradewire.services.workers import WorkerList


class ConfirmRequest(Struct, forbid_unknown_fields=True):
    """What was compared, in words; the ledger keeps it."""

    reason: str


class OperatingRoutes(Controller):
    tags = ("Operating",)

    @post("/backup", status_code=200, summary="A backup of everything, as one file (zip), streamed")
    async def back_up(self, services: NamedDependency[Services]) -> Stream:
        return Stream(services.backup.stream(), media_type="application/zip")

    @get("/doctor", summary="Everything that Tradewire needs, looked at; what failed, and what to do")
    async def diagnose(self, services: NamedDependency[Services]) -> Diagnosis:
        return await services.doctor.look()

    @get("/workers", summary="Every worker, and the accounts it serves")
    async def list_workers(self, services: NamedDependency[Services]) -> WorkerList:
        return await services.workers.list()

    @get("/restoration", summary="A restored database that waits to be confirmed, if there is one")
    async def show_restoration(self, services: NamedDependency[Services]) -> Restoration | None:
        return await services.restorations.show()

    @post("/restoration/confirm", status_code=200, summary="Release the accounts after a restore")
    async def confirm_restoration(
        self,
        data: JSONBody[ConfirmRequest],
        services: NamedDependency[Services],
        caller: NamedDependency[Identity],
    ) -> Confirmed:
        return await services.restorations.confirm(data.reason, caller.name)
