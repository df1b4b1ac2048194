"""The table of messages and the figures below it."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tradewire.contract.errors import Unhonoured
from tradewire.demo.board import Board, legend
from tradewire.demo.books import read_ledger, read_venue
from tradewire.demo.latency import percentile
from tradewire.demo.progress import STAGES, Passage, Row, marks
from tradewire.demo.script import Answered, Post, script
from tradewire.services.signal_story import SignalStory
from tradewire.services.signals import SignalView

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
POSTS = script("tw_live_EQiYlMyu7RmBo2i2SAGv88BQzPTo4FAG4Ghmgp", NOW)


def row(post: Post, answered: str, status: int = 200, story: SignalStory | None = None) -> Row:
    return Row(post=post, http_status=status, answered=answered, answer_ms=12.4, signal_id="s", story=story)


def story(state: str, routed_ms: int | None) -> SignalStory:
    """A signal that no algorithm ran for."""
    routed = None if routed_ms is None else NOW + timedelta(milliseconds=routed_ms)
    signal = SignalView(
        id="s",
        state=state,
        reason=None,
        provider="tradingview",
        connection="demo",
        source="127.0.0.1",
        strategy_id="x",
        symbol="AAPL",
        action=None,
        quantity=None,
        test=False,
        duplicate_of=None,
        time=None,
        received_at=NOW,
        accepted_at=NOW,
        routed_at=routed,
        runs=(),
    )
    return SignalStory(signal=signal, raw="{}", stages=(), orders=(), judgements=(), fills=())


def printed(width: int, rows: list[Row], encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding), width=width)
    with Board(console, POSTS) as board:
        for one in rows:
            board.show(one)
    console.print(legend(console))
    console.file.flush()
    return raw.getvalue().decode(encoding)


def test_nothing_is_marked_before_an_answer() -> None:
    assert {mark.passage for mark in marks(Row(post=POSTS[0]))} == {Passage.NONE}


def test_a_refused_message_stops_at_the_door_with_what_the_sender_waited() -> None:
    door, *others = marks(row(POSTS[6], Answered.UNAUTHORIZED, 401))
    assert (door.passage, door.ms) == (Passage.STOPPED, 12)
    assert {mark.passage for mark in others} == {Passage.NONE}


def test_without_a_match_it_stops_there() -> None:
    door, match, *others = marks(row(POSTS[7], Answered.ACCEPTED, story=story("no_match", 31)))
    assert door.passage is Passage.PASSED
    assert (match.passage, match.ms) == (Passage.STOPPED, 31)
    assert len(others) == len(STAGES) - 2


@pytest.mark.parametrize(("state", "ended"), [("waiting", False), ("working", False), ("no_match", True)])
def test_it_is_followed_while_more_is_to_come(state: str, ended: bool) -> None:
    assert row(POSTS[0], Answered.ACCEPTED, story=story(state, None)).has_ended is ended


@pytest.mark.parametrize("width", [80, 100])
def test_every_message_fits_its_line(width: int) -> None:
    rows = [row(post, Answered.UNAUTHORIZED, 401) for post in POSTS]
    text = printed(width, rows)
    assert max(len(line) for line in text.splitlines()) <= width
    for post in POSTS:
        assert post.name in text
    assert text.count("401 wrong key") == len(POSTS)


def test_a_message_is_printed_once_and_when_it_has_ended() -> None:
    open_one = row(POSTS[0], Answered.ACCEPTED, story=story("working", 5))
    done = row(POSTS[0], Answered.ACCEPTED, story=story("no_match", 5))
    assert printed(80, [open_one]).count(POSTS[0].name) == 0
    assert printed(80, [open_one, done, done]).count(POSTS[0].name) == 1


def test_signs_are_plain_where_there_is_no_unicode() -> None:
    assert "x  12" in printed(80, [row(POSTS[6], Answered.UNAUTHORIZED, 401)], encoding="ascii")


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.sampled_from([50, 99, 100]))
def test_a_percentile_is_one_of_the_values_that_enough_do_not_exceed(
    values: list[float], percent: int
) -> None:
    found = percentile(values, percent)
    assert found in {round(value, 1) for value in values}
    assert sum(round(value, 1) <= found for value in values) * 100 >= percent * len(values)


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 50) is None


def test_a_ledger_that_was_edited_is_not_read() -> None:
    line = {"number": 1, "seq": 1, "previous": "00", "hash": "11", "body": {"kind": "signal.accepted"}}
    with pytest.raises(Unhonoured, match="does not verify"):
        read_ledger(msgspec.json.encode(line).decode() + "\n")


def test_the_venues_book_is_read_as_it_is_written() -> None:
    execution = {"execution_id": "e1", "client_id": "c1", "quantity": "2", "price": "3.5", "at": "x"}
    request = {"client_id": "c1", "instrument": {"id": "AAPL"}, "side": "buy", "quantity": "2"}
    account = {"account": "north", "orders": [{"request": request}], "executions": [{"execution": execution}]}
    book = read_venue(msgspec.json.encode({"accounts": [account]}))
    assert book.accounts == {"north"}
    assert (book.orders[0].client_id, book.orders[0].quantity) == ("c1", Decimal(2))
    assert book.fills[0].price == Decimal("3.5")
