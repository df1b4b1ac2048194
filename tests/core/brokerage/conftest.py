"""A bench on a fresh database."""

from collections.abc import Iterator

import pytest

from core.engine.bench import Bench
from tradewire.store.database import Store, open_store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def bench(store: Store) -> Bench:
    """One account "acc" and one started algorithm "alg" on it, all fields dynamic."""
    bench = Bench(store)
    bench.account()
    bench.algorithm()
    return bench
