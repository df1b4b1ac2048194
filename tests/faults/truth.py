"""What the history checker says of a relay, beside its venue and what the senders were told."""

from collections.abc import Sequence

import plain_http
from integration.relay import Relay
from plugins.brokers.paper.process import VenueProcess
from tradewire.audit.check import check, with_damage
from tradewire.audit.finding import Report
from tradewire.audit.posts import Post
from tradewire.audit.venue import VenueBook, read_venue
from tradewire.ledger.verify_export import read_export, verify_export
from tradewire.services.audit import ExportFormat


def book_of(venue: VenueProcess) -> VenueBook:
    return read_venue(plain_http.get(f"{venue.url}/book", timeout=60).content)


def judged(lines: Sequence[str], book: VenueBook, acknowledged: Sequence[Post] = ()) -> Report:
    """An exported ledger of which nothing is under way any more."""
    report = check(read_export(lines), settled=True, book=book, acknowledged=acknowledged)
    return with_damage(report, verify_export(lines))


def told(report: Report) -> str:
    """The findings, for a failing test."""
    return "\n".join(f"{one.code}: entry {one.number}: {one.sentence}" for one in report.findings[:20])


def exported(relay: Relay) -> list[str]:
    """The exported ledger's lines of a relay in this process."""

    async def blocks() -> str:
        return "".join([block async for block in relay.core.services.audit.export(ExportFormat.JSONL)])

    return str(relay.do(blocks())).splitlines(keepends=True)
