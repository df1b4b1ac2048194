from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from core.ledger.samples import fill, open_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path / "ledger.db")
    yield opened
    opened.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to a ledger of ten sealed entries."""
    fill(engine, 10)
    with engine.connect() as opened:
        yield opened
