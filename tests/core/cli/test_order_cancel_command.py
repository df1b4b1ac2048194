"""`tradewire order cancel`: what it prints, and how it refuses."""

import json

import pytest

from core.cli.conftest import Cli
from core.services.conftest import ALGORITHM
from core.services.history import PARENTS, UNKNOWN, live_through
from tradewire.runtime.folder import DataFolder
from tradewire.services.naming import account_by, algorithm_by
from tradewire.store.database import open_store
from tradewire.testing.clock import FakeClock


@pytest.fixture(autouse=True)
def lived(cli: Cli, folder: DataFolder) -> None:
    file = folder.path / "breakout.toml"
    file.write_text(ALGORITHM)
    cli("account", "add", "paper")
    cli("algorithm", "add", str(file))
    store = open_store(folder.database_url)
    store.write_now(
        lambda conn: live_through(
            conn, account_by(conn, "paper").id, algorithm_by(conn, "breakout").id, FakeClock().now()
        )
    )
    store.close()


def test_it_says_which_order_is_being_cancelled_and_what_is_still_to_come(cli: Cli) -> None:
    done = cli("order", "cancel", "a3a3", "--reason", "news")
    assert done.code == 0
    first, second = done.out.splitlines()
    assert first == (
        "The order a3a3a3a3 (buy 10 AAPL) is cancelled once `tradewire up` or `tradewire worker` runs."
    )
    assert "it is looked up" in second


def test_its_json_is_the_order(cli: Cli) -> None:
    shown = json.loads(cli("order", "cancel", "a3a3", "--json").out)
    assert (shown["id"], shown["cancel_requested"]) == (PARENTS[UNKNOWN], True)


def test_an_order_that_is_over_is_refused_in_a_sentence(cli: Cli) -> None:
    refused = cli("order", "cancel", "a1a1")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "The order is over already: filled. There is nothing to cancel.\n"
