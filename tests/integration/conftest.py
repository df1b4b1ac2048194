"""Fixtures of the integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.relay import Relay, prepare, running


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A relay with one key and one paper account of 100,000,000 USD named "paper"."""
    with running(tmp_path / "data") as relay:
        prepare(relay)
        yield relay
