from collections.abc import Iterator
from pathlib import Path

import pytest

from core.ingress.rig import Rig, Served


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def served(rig: Rig) -> Iterator[Served]:
    with Served(rig) as running:
        yield running
