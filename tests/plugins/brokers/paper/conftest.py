from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from plugins.brokers.paper.account import PaperEnv
from plugins.brokers.paper.process import VenueProcess

# How long an example takes says something of the machine, not of the book.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def env() -> PaperEnv:
    return PaperEnv()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    running = VenueProcess(tmp_path)
    yield running
    running.kill()
