"""Fixtures of the integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.relay import Relay, prepare, running
from plugins.brokers.paper.process import VenueProcess


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A relay with one key and one paper account of 100,000,000 USD named "paper"."""
    with running(tmp_path / "data") as relay:
        prepare(relay)
        yield relay


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both_stores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test twice, with a relay that stores in its data folder and in a PostgreSQL database."""
    if request.param == "postgresql":
        monkeypatch.setenv("TRADEWIRE_DATABASE_URL", request.getfixturevalue("postgres_url"))
    else:
        monkeypatch.delenv("TRADEWIRE_DATABASE_URL", raising=False)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """A venue that outlives whoever trades there, and ends with the test."""
    (tmp_path / "venue").mkdir()
    process = VenueProcess(tmp_path / "venue", "--starting-cash", "100000000")
    yield process
    process.kill()
