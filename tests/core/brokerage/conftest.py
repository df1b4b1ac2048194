"""A bench on a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.bench import Bench
from tradewire.store.database import Store, open_store
from tradewire.store.upgrade import upgrade


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/tradewire.db"
    upgrade(url)
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def bench(store: Store) -> Bench:
    """One account "acc" and one started algorithm "alg" on it, all fields dynamic."""
    bench = Bench(store)
    bench.account()
    bench.algorithm()
    return bench
