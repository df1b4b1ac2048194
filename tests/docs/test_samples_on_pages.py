"""Messages and settings on the pages are understood as they stand there."""

import re
from pathlib import Path

import pytest

from docs import pages
from docs.pages import PAGES, ROOT
from tradewire.plugins import Plugins
from tradewire.settings import load_settings

#: What TradingView puts in the place of a placeholder.
FILLED = {
    "ticker": "AAPL",
    "exchange": "NASDAQ",
    "close": "187.25",
    "time": "2026-03-02T14:30:00Z",
    "timenow": "2026-03-02T14:31:05Z",
    "strategy.order.action": "buy",
    "strategy.order.contracts": "10",
    "strategy.order.price": "187.25",
    "strategy.order.id": "Long",
}
MESSAGES = [
    pytest.param(text, id=f"{pages.name(page)}-{number}")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md")))
    for number, text in enumerate(
        found
        for block in pages.blocks(page)
        for found in re.findall(r"\{\s*\"apiKey\"[^{}]*(?:\{\{[^{}]*\}\}[^{}]*)*\}", block.code)
    )
]
SETTINGS = [
    pytest.param(block.code, id=f"{pages.name(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(pages.blocks(page))
    if block.language == "toml" and block.code.startswith(("[server]", "[signals]", "[engine]", "[log]"))
]


@pytest.mark.parametrize("text", MESSAGES)
def test_a_message_is_read_and_every_field_of_it_is_known(text: str) -> None:
    body = re.sub(r"\{\{([^{}]+)\}\}", lambda found: FILLED[found[1]], text)
    parsed = Plugins.discover().provider("tradingview").parse(body.encode(), {})
    assert parsed.message.ignored == ()
    assert parsed.message.strategy_id


@pytest.mark.parametrize("toml", SETTINGS)
def test_settings_are_taken(toml: str, tmp_path: Path) -> None:
    file = tmp_path / "tradewire.toml"
    file.write_text(toml, encoding="utf-8")
    load_settings(file, {}, required=True)


def test_the_pages_show_messages_and_settings() -> None:
    assert len(MESSAGES) >= 4
    assert len(SETTINGS) >= 3
