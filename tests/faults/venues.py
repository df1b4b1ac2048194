"""Venue processes that outlive every life of a relay, and the trouble they make."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

import plain_http
from plugins.brokers.paper.process import VenueProcess
from tradewire_paper.faults import Fault, FaultKind
from tradewire_paper.wire import Script

#: Of every twelve orders two lose their answer and one never arrives.
TROUBLE = ((2, FaultKind.ACCEPT_THEN_RESET), (6, FaultKind.DROP), (10, FaultKind.ACCEPT_THEN_500))


@contextmanager
def outliving_venue(folder: Path, *options: str) -> Iterator[VenueProcess]:
    """A venue with its book in `folder`."""
    (folder / "venue").mkdir()
    venue = VenueProcess(folder / "venue", "--starting-cash", "100000000", "--exit-with-parent", *options)
    try:
        yield venue
    finally:
        venue.kill()


def trouble(venue: VenueProcess, orders: int = 2000) -> None:
    """Let the venue lose answers and orders, all along the next `orders`."""
    faults = tuple(
        Fault(kind=kind, nth=first + nth) for first in range(0, orders, 12) for nth, kind in TROUBLE
    )
    script(venue, *faults)


def script(venue: VenueProcess, *faults: Fault) -> None:
    """Load faults; they count from now on."""
    plain_http.post(
        f"{venue.url}/faults", content=msgspec.json.encode(Script(faults=faults))
    ).raise_for_status()
