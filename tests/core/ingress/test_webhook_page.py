"""docs/reference/webhook.md against the running server: each example is posted and its answer compared."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tradewire
from core.ingress.rig import Rig, Served
from core.ingress.troubled import Troubled
from tradewire import pipeline
from tradewire.ingress.address import ODD
from tradewire.stages import authenticate
from tradewire_messages import traderspost
from tradewire_messages.tradingview import SPELLINGS
from tradewire_messages.wording import folded

ROOT = Path(tradewire.__file__).parents[2]
PAGE = (ROOT / "docs/reference/webhook.md").read_text()
SIGNAL_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Example(NamedTuple):
    statuses: str
    command: list[str]
    answer: str


EXAMPLES = [
    Example(found[1], shlex.split(found[2].replace("\\\n", "")), found[3])
    for found in re.finditer(
        r"^##+ ([^\n]+)\n(?:(?!^##).)*?^```sh\n(.*?)^```\n\n^```json\n(.*?)\n^```", PAGE, re.S | re.M
    )
]


#: The status of examples whose heading names none.
UNTITLED = {"Other methods": "405", "Messages of TradersPost": "200"}


@pytest.fixture
def page(database_url: str) -> Iterator[tuple[Served, dict[str, str]]]:
    rig = Rig(database_url, wrap_store=Troubled)
    keys = {
        "tw_live_KEY": rig.key,
        "tw_live_REVOKED": rig.add_key("old"),
        "tw_live_POSTS": rig.add_key("posts", "traderspost"),
    }
    rig.revoke("old")
    with Served(rig) as running:
        yield running, keys
    rig.store.close()


def perform(served: Served, keys: dict[str, str], command: list[str]) -> Any:
    """What the command's curl would send; an option that is not known here fails the test."""

    def filled(text: str) -> str:
        for name, key in keys.items():
            text = text.replace(name, key)
        return text

    words = iter(command)
    method, headers, body = "POST", {}, b""
    assert (next(words), next(words)) == ("curl", "-sS")
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, value = next(words).split(": ")
            headers[name] = value
        elif word == "-d":
            body = filled(next(words)).encode()
        else:
            path = filled(word.removeprefix("http://127.0.0.1:8080"))
            assert path.startswith("/")
    return served.client.request(method, path, headers=headers, content=body)


def test_each_example_is_answered_as_the_page_says(page: tuple[Served, dict[str, str]]) -> None:
    served, keys = page
    assert len(EXAMPLES) == PAGE.count("curl ") == 8
    for example in EXAMPLES:
        assert isinstance(served.rig.store, Troubled)
        served.rig.store.down = example.statuses.startswith("503")
        answer = perform(served, keys, example.command)
        assert str(answer.status_code) in UNTITLED.get(example.statuses, example.statuses)
        told, written = json.loads(answer.text), json.loads(example.answer)
        assert SIGNAL_ID.sub("ID", json.dumps(told)) == SIGNAL_ID.sub("ID", json.dumps(written))


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    below = PAGE.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"^\|.*?(?=\n\n)", below, re.S | re.M)
    assert table is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[0].splitlines()[2:]]


def test_the_page_lists_every_field_and_spelling() -> None:
    written = {
        folded(name): row[0].strip("`")
        for row in rows("## The message")
        for name in re.findall(r"`(\w+)`", f"{row[0]} {row[1]}")
    }
    assert written == SPELLINGS


def test_the_page_lists_every_field_of_traderspost() -> None:
    written = {name for row in rows("## Messages of TradersPost") for name in re.findall(r"`(\w+)`", row[0])}
    # The strategy stands in the address; in the message it is taken where it is the same.
    assert {folded(name) for name in written} == traderspost.SPELLINGS.keys() - {"strategyid"}


def test_the_page_lists_what_is_refused_of_traderspost() -> None:
    (told,) = re.findall(r"^Refused by name: .*", PAGE, re.M)
    assert {folded(name) for name in re.findall(r"`(\w+)`", told)} >= traderspost.UNHONOURED.keys()


def test_the_page_lists_every_kind_of_401() -> None:
    sources = [Path(module.__file__).read_text() for module in (authenticate, pipeline)]
    sources.append((ROOT / "core/tradewire/ingress/refused.py").read_text())
    kinds = {
        kind
        for source in sources
        for kind in re.findall(r'(?:_denied|unauthorized|Denied)\(\s*(?:kind=)?"(\w+)"', source)
    }
    assert {row[0].strip("`") for row in rows("### 401 unauthorized")} == kinds


def test_the_page_lists_every_refusal_of_a_request() -> None:
    source = (ROOT / "core/tradewire/server/webhook.py").read_text()
    written = {(row[0], row[1].strip("`")) for row in rows("### 400, 403, 404, 408, 413, 415, 421 refused")}
    assert written == {(str(ODD), "path"), *re.findall(r'(\d{3}),\s*"(\w+)",', source)}
