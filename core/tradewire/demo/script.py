"""The messages of the demo, as TradingView sends them, and what each must come to."""

import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tradewire.demo.setup import BREAKOUT, BREAKOUT_NORTH, BREAKOUT_SOUTH, MAX_POSITION, RETIRED, WATCHLIST
from tradewire.domain.base import Struct
from tradewire.domain.clock import iso

JSON, TEXT = "application/json", "text/plain"


class Answered(StrEnum):
    """What the door says: the `status` of its body."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    UNAUTHORIZED = "unauthorized"
    INVALID = "invalid"


class Post(Struct, kw_only=True):
    """One message. `number` counts from 1; messages of the same `wish` want one and the same thing.

    `trades` are the algorithms that send exactly one order for the wish. `state` is what the Signal Log must
    say in the end, None where the answer ends it. With `waits`, all before it must have ended.
    """

    number: int
    name: str
    body: bytes
    content_type: str = JSON
    answer: Answered = Answered.ACCEPTED
    state: str | None = None
    wish: int
    trades: tuple[str, ...] = ()
    waits: bool = False


def script(key: str, now: datetime) -> tuple[Post, ...]:
    """The demo's messages in order; `now` is when they are sent."""
    posts: list[Post] = []

    def add(name: str, body: bytes, *, again: Post | None = None, **about: Any) -> Post:
        number = len(posts) + 1
        posts.append(Post(number=number, name=name, body=body, wish=again.wish if again else number, **about))
        return posts[-1]

    def message(strategy: str, action: str, **fields: Any) -> bytes:
        start = {"apiKey": key, "strategyId": strategy, "action": action}
        return json.dumps({**start, "time": iso(now), **fields}).encode()

    both, one = (BREAKOUT_NORTH, BREAKOUT_SOUTH), (WATCHLIST,)
    first = add("AAPL to 2 accounts", message(BREAKOUT, "BUY", symbol="AAPL"), state="filled", trades=both)
    add("the same, resent", first.body, again=first, answer=Answered.DUPLICATE, trades=both)
    add(
        "TSLA short, as text",
        message(WATCHLIST, "SELL", symbol="TSLA", qty=25),
        content_type=TEXT,
        state="filled",
        trades=one,
    )
    add("MSFT, qty in quotes", message(WATCHLIST, "buy", symbol="MSFT", qty="30"), state="filled", trades=one)
    limit = message(WATCHLIST, "BUY", symbol="NASDAQ:NVDA", qty=20, orderType="limit", limitPrice=1000)
    add("NVDA, limit order", limit, state="filled", trades=one)
    add("BTC, a fraction", message(WATCHLIST, "BUY", symbol="BTC-USD", qty=0.05), state="filled", trades=one)
    wrong = message(WATCHLIST, "BUY", symbol="AAPL", qty=1).replace(key.encode(), _mistyped(key).encode())
    add("a wrong key", wrong, answer=Answered.UNAUTHORIZED)
    add("strategyId mistyped", message("Watchlist", "BUY", symbol="AAPL", qty=2), state="no_match")
    add("stopped algorithm", message(RETIRED, "BUY", symbol="AAPL", qty=3), state="no_match")
    beyond = message(WATCHLIST, "BUY", symbol="AAPL", qty=MAX_POSITION + 1)
    add("beyond max position", beyond, state="blocked")
    late = iso(now - timedelta(minutes=10, seconds=7))
    add("10 minutes late", message(WATCHLIST, "BUY", symbol="AAPL", qty=5, time=late), state="blocked")
    test = message(WATCHLIST, "BUY", symbol="AAPL", qty=6, test=True)
    add('marked "test"', test, state="filled", trades=one)
    unfilled = message(WATCHLIST, "BUY", symbol="AAPL", qty="{{strategy.order.contracts}}")
    add("placeholder left", unfilled, answer=Answered.INVALID, state="invalid")
    broken = message(WATCHLIST, "BUY", symbol="AAPL", qty=7).replace(b'"qty": 7', b'"qty": 7 "x"')
    add("broken JSON", broken, content_type=TEXT, answer=Answered.INVALID, state="invalid")
    add("exit AAPL", message(BREAKOUT, "exit", symbol="AAPL"), state="filled", trades=both, waits=True)
    return tuple(posts)


def _mistyped(key: str) -> str:
    return key[:-1] + ("a" if key[-1] != "a" else "b")
