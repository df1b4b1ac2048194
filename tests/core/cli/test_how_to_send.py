"""What stands below a new key: the address, the alert's message, a line to try."""

import json
import re
import shlex

import pytest

from core.cli.conftest import Cli
from tradewire.cli.how_to_send import explain
from tradewire.cli.options import Common
from tradewire.ingress.address import named
from tradewire.plugins import Plugins
from tradewire.runtime.folder import DataFolder
from tradewire.services.sending import Sending, sending


def below(told: str, heading: str) -> str:
    found = re.search(rf"^{heading}.*\n(.+)$", told, re.MULTILINE)
    assert found is not None
    return found[1]


def test_a_new_key_comes_with_the_address_and_messages_of_its_format(cli: Cli) -> None:
    told = cli("key", "new", "--provider", "traderspost").err
    path = "http://127.0.0.1:8080/api/traderspost/webhook/YOUR_KEY/YOUR_STRATEGY_ID"
    assert below(told, "Webhook URL") == path
    assert json.loads(below(told, "Message"))["sentiment"] == "{{strategy.market_position}}"
    assert path in below(told, "Try it")


def test_a_key_in_the_message_is_not_in_the_address(cli: Cli) -> None:
    told = cli("key", "new").err
    assert below(told, "Webhook URL") == "http://127.0.0.1:8080/api/tradingview/webhook"
    assert json.loads(below(told, "Message"))["apiKey"] == "YOUR_KEY"


@pytest.mark.parametrize("provider", ["tradingview", "traderspost"])
def test_without_a_name_a_connection_is_called_as_its_format(cli: Cli, provider: str) -> None:
    made = cli("key", "new", "--provider", provider, "--json")
    assert json.loads(made.out)["key"]["connection"] == provider


def test_where_the_key_goes_into_a_file_the_screen_does_not_show_it(cli: Cli) -> None:
    made = cli("key", "new", "--provider", "traderspost")
    assert made.out.strip() not in made.err


def test_a_key_that_is_shown_stands_where_it_belongs(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.settings_file.write_text('[server]\npublic_url = "https://relay.example"\n')
    how = Sending(path="/api/x/webhook/{key}/{strategyId}", trial='{"key": "{key}"}')
    explain(Common(data=folder.path), how, "tw_live_1")
    told = capsys.readouterr().err
    assert below(told, "Webhook URL") == ("https://relay.example/api/x/webhook/tw_live_1/YOUR_STRATEGY_ID")
    assert shlex.split(below(told, "Try it"))[4] == '{"key": "tw_live_1"}'
    assert "Message of the alert" not in told


@pytest.mark.parametrize("name", ["tradingview", "traderspost"])
def test_the_line_to_try_is_understood_as_it_stands(name: str) -> None:
    provider = Plugins.discover().provider(name)
    how = sending(provider)
    assert how is not None

    def filled(text: str) -> str:
        return text.replace("{key}", "the key").replace("{strategyId}", "s1")

    parts = tuple(filled(how.path).split("/"))[4:]
    parsed = provider.parse(filled(how.trial).encode(), named(provider, parts))
    assert (parsed.key, parsed.message.strategy_id) == ("the key", "s1")
    assert (parsed.message.symbol, parsed.message.action, parsed.message.quantity) == ("AAPL", "buy", 10)


def test_a_format_that_is_not_installed_tells_nothing() -> None:
    assert sending(None) is None
