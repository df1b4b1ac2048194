"""The demo's messages and algorithms are what TradingView and a user would write."""

import json
from datetime import UTC, datetime

import pytest

from tradewire.contract.errors import InvalidMessage
from tradewire.demo.script import TEXT, Answered, script
from tradewire.demo.setup import RETIRED, WATCHLIST, algorithms
from tradewire.pipeline import parse
from tradewire.plugins import Plugins
from tradewire.services.algorithm_checks import problems_of
from tradewire.services.algorithm_file import read_algorithm

KEY = "tw_live_EQiYlMyu7RmBo2i2SAGv88BQzPTo4FAG4Ghmgp"
POSTS = script(KEY, datetime(2026, 3, 2, 14, 30, 0, 125000, tzinfo=UTC))


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins.discover(())


def test_the_resend_is_the_first_message_to_the_byte() -> None:
    (resend,) = [post for post in POSTS if post.answer is Answered.DUPLICATE]
    assert resend.body == POSTS[0].body
    assert resend.wish == POSTS[0].wish


def test_every_other_message_is_a_wish_of_its_own_and_differs() -> None:
    others = [post for post in POSTS if post.answer is not Answered.DUPLICATE]
    assert len({post.wish for post in others}) == len({post.body for post in others}) == len(others)


@pytest.mark.parametrize("post", POSTS, ids=lambda post: post.name)
def test_only_the_messages_meant_to_be_invalid_are(plugins: Plugins, post) -> None:
    if post.answer is Answered.INVALID:
        with pytest.raises(InvalidMessage):
            parse(plugins, "tradingview", post.body, {})
    else:
        assert parse(plugins, "tradingview", post.body, {}).message.strategy_id


def test_the_wrong_key_stands_in_one_message_only() -> None:
    wrong = [post for post in POSTS if KEY.encode() not in post.body]
    assert [post.answer for post in wrong] == [Answered.UNAUTHORIZED]


def test_some_come_as_text() -> None:
    assert any(post.content_type == TEXT and post.answer is Answered.ACCEPTED for post in POSTS)


def test_one_is_marked_as_a_test() -> None:
    tests = [post for post in POSTS if b'"test": true' in post.body]
    assert [json.loads(post.body)["test"] for post in tests] == [True]


@pytest.mark.parametrize("copies_run", [False, True])
def test_every_algorithm_can_be_saved(plugins: Plugins, copies_run: bool) -> None:
    for name, text in algorithms(copies_run=copies_run).items():
        draft, problems = read_algorithm(text)
        assert [*problems, *problems_of(draft, plugins)] == []
        assert draft.name == name


def test_one_signal_is_listened_to_on_two_accounts() -> None:
    drafts = [read_algorithm(text)[0] for text in algorithms().values()]
    pair = [draft for draft in drafts if draft.signal.id not in (WATCHLIST, RETIRED)]
    assert len({draft.signal.id for draft in pair}) == 1
    assert len({draft.account for draft in pair}) == 2
