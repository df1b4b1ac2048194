"""Changing and removing accounts and algorithms from the command line, where nothing is running."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.cli.conftest import Cli
from core.services.conftest import ALGORITHM
from tradewire.brokerage.market_memory import MarketMemory
from tradewire.brokerage.worker_report import report_of
from tradewire.engine.roll import WorkerIdentity, answer
from tradewire.runtime.folder import DataFolder
from tradewire.services.naming import account_by
from tradewire.store.database import open_store
from tradewire.testing.clock import FakeClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "breakout.toml"
    path.write_text(ALGORITHM)
    return path


def test_a_mistaken_field_is_refused_when_the_account_is_added(cli: Cli) -> None:
    refused = cli("account", "add", "bad", "--set", "starting_cash=abc")
    assert (refused.code, refused.out) == (1, "")
    assert "starting_cash is not understood" in refused.err
    assert "No account yet" in cli("account", "list").out


def test_an_account_is_changed_by_field_limit_and_multiplier(cli: Cli) -> None:
    cli("account", "add", "paper", "--set", "seed=3")
    limit = ("--guardian", "max_position.quantity=500")
    changed = cli(
        "account", "change", "paper", "hours=exchange", "--unset", "seed", *limit, "--multiplier", "2"
    )
    assert changed.code == 0
    assert [line.split(":")[0][:11] for line in changed.out.splitlines()] == [
        "The account",
        "The guardia",
        "What is ope",
    ]
    shown = json.loads(cli("account", "show", "paper", "--json").out)
    assert (shown["config"], shown["guardians"]) == ({"hours": "exchange"}, ["max_position"])
    told = cli("account", "show", "paper").out
    assert "Guardians of the account: max_position quantity=500\n" in told
    assert told.startswith("paper  broker paper, on paper, in USD\nhours = exchange\n")
    assert "  hours=exchange, multiplier=2 " in cli("account", "list").out
    dropped = cli("account", "change", "paper", "--drop-guardian", "max_position")
    assert dropped.out == "The guardians of the account paper: none.\n"


def test_a_field_without_a_value_is_asked_for_unseen(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("account", "add", "paper")
    monkeypatch.setattr("sys.stdin", io.StringIO("exchange\n"))
    assert cli("account", "change", "paper", "hours").code == 0
    assert json.loads(cli("account", "show", "paper", "--json").out)["config"] == {"hours": "exchange"}


def test_an_account_is_removed_once_no_algorithm_needs_it(cli: Cli, file: Path) -> None:
    cli("account", "add", "paper")
    cli("algorithm", "add", str(file))
    refused = cli("account", "remove", "paper")
    assert (refused.code, refused.out) == (1, "")
    assert "breakout" in refused.err
    assert cli("algorithm", "remove", "breakout").code == 0
    assert cli("account", "remove", "paper").code == 0
    assert "No account yet" in cli("account", "list").out


@pytest.mark.parametrize("kind", ["account", "algorithm"])
def test_a_person_is_asked_before_anything_is_removed(
    cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    cli("account", "add", "paper")
    name = "paper"
    if kind == "algorithm":
        cli("algorithm", "add", str(file))
        name = "breakout"
    monkeypatch.setattr("tradewire.cli.ask.is_interactive", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = cli(kind, "remove", name)
    assert (refused.code, "Nothing was removed." in refused.err) == (1, True)
    assert cli(kind, "remove", name, "--yes").code == 0


def test_an_algorithm_is_replaced_by_its_file(cli: Cli, file: Path) -> None:
    cli("account", "add", "paper")
    cli("algorithm", "add", str(file), "--start")
    file.write_text(ALGORITHM.replace('symbol = "AAPL"', 'symbol = "MSFT"'))
    changed = cli("algorithm", "update", str(file))
    assert changed.out == "The algorithm breakout is changed from now on; it is started.\n"
    assert "MSFT" in cli("algorithm", "list").out


def test_each_mistake_of_the_new_file_is_a_line(cli: Cli, file: Path) -> None:
    cli("account", "add", "paper")
    cli("algorithm", "add", str(file))
    file.write_text(ALGORITHM.replace('"buy"', '"bye"').replace('"market"', '"markt"'))
    refused = cli("algorithm", "update", str(file))
    assert refused.code == 1
    assert [line[:2] for line in refused.err.splitlines()] == ["- ", "- "]


def test_an_account_is_shown_with_its_equity_and_cash_as_last_seen(cli: Cli, folder: DataFolder) -> None:
    cli("account", "add", "paper")
    unseen = cli("account", "show", "paper").out
    assert "Equity and cash: not known; a running worker asks the broker for them.\n" in unseen
    clock = FakeClock()
    now = clock.now()
    me = WorkerIdentity(id="embedded", life="l", host="h", pid=1, version="1", started_at=now)

    def unit(conn: Connection) -> None:
        memory = MarketMemory(clock)
        account_id = account_by(conn, "paper").id
        memory.saw_balances(account_id, Decimal("98000.5"), Decimal(100_000))
        answer(conn, me, report_of(memory, [account_id]), {}, now, 30, 5)

    store = open_store(folder.database_url)
    store.write_now(unit)
    store.close()
    seen = cli("account", "show", "paper", "--utc").out.splitlines()[-1]
    assert seen == f"Last seen {now:%Y-%m-%d %H:%M:%S} UTC: equity 100,000.00 USD, cash 98,000.50 USD"
    told = json.loads(cli("account", "show", "paper", "--json").out)["balances"]
    assert (told["equity"], told["cash"]) == ("100000", "98000.5")
