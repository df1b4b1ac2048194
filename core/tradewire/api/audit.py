"""The ledger: verify, check, checkpoint, export."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from litestar.response import Stream

from tradewire.api.identity import READS
from tradewire.audit.finding import Report
from tradewire.audit.posts import Post
from tradewire.audit.venue import VenueBook
from tradewire.domain.base import Struct
from tradewire.ledger.checkpoint import Checkpoint
from tradewire.services.audit import ExportFormat, VerificationView
from tradewire.services.refusal import Code, Refused
from tradewire.services.services import Services

_MEDIA = {ExportFormat.JSONL: "application/jsonl", ExportFormat.CSV: "text/csv; charset=utf-8"}

#: The largest number that a database's integer holds.
_MOST = 2**63 - 1


class VerifyRequest(Struct, forbid_unknown_fields=True):
    """Checkpoints that were kept outside, to compare with."""

    checkpoints: tuple[Checkpoint, ...] = ()


class CheckRequest(Struct, forbid_unknown_fields=True):
    """Lists to compare the history with: a venue's own, and what senders were told. `settled`: nothing is
    under way any more, so that whatever is open is a finding."""

    book: VenueBook | None = None
    acknowledged: tuple[Post, ...] = ()
    settled: bool = False


class AuditRoutes(Controller):
    path = "/audit"
    tags = ("Audit",)

    @post("/verify", status_code=200, opt={READS: True}, summary="Go through the whole ledger")
    async def verify(
        self, data: JSONBody[VerifyRequest], services: NamedDependency[Services]
    ) -> VerificationView:
        return VerificationView.of(await services.audit.verify(data.checkpoints))

    @post("/check", status_code=200, opt={READS: True}, summary="Check the history against the promises")
    async def check(self, data: JSONBody[CheckRequest], services: NamedDependency[Services]) -> Report:
        return await services.audit.check(data.book, data.acknowledged, data.settled)

    @post("/checkpoint", status_code=200, opt={READS: True}, summary="A checkpoint, to keep outside")
    async def checkpoint(self, services: NamedDependency[Services]) -> Checkpoint:
        return await services.audit.checkpoint()

    @get("/export", summary="The sealed entries as JSONL or CSV, streamed")
    async def export(
        self,
        services: NamedDependency[Services],
        form: FromQuery[ExportFormat] = ExportFormat.JSONL,
        first: FromQuery[int] = 1,
        last: FromQuery[int | None] = None,
    ) -> Stream:
        # Checked here: once the stream has begun, nothing can be refused in words.
        if not 1 <= first <= _MOST or (last is not None and not 0 <= last <= _MOST):
            raise Refused(Code.INVALID, "Entries are numbered from 1: first and last are such numbers.")
        return Stream(services.audit.export(form, first, last), media_type=_MEDIA[form])
