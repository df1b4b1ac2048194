from collections.abc import Iterator

import pytest

from core.ingress.rig import Rig, Served


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    made = Rig(database_url)
    yield made
    made.store.close()


@pytest.fixture
def served(rig: Rig) -> Iterator[Served]:
    with Served(rig) as running:
        yield running
