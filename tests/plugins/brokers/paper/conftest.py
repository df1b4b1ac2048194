from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.brokers.paper.account import PaperEnv
from plugins.brokers.paper.process import VenueProcess


@pytest.fixture
def env() -> PaperEnv:
    return PaperEnv()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    running = VenueProcess(tmp_path)
    yield running
    running.kill()
