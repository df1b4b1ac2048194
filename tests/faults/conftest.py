"""Fixtures of the fault tests: a nursery of relays, and a venue that outlives them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.life import Relay, set_up
from faults.nursery import Nursery
from faults.venues import outliving_venue
from plugins.brokers.paper.process import VenueProcess


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    with outliving_venue(tmp_path) as venue:
        yield venue


@pytest.fixture
def relay(nursery: Nursery, tmp_path: Path, venue: VenueProcess) -> Iterator[Relay]:
    """A relay that runs, with the account "venue" there and the algorithms "entries" and "resting"."""
    relay = Relay(nursery, tmp_path / "relay")
    set_up(relay, venue)
    yield relay
    relay.end()
