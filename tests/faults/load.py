"""A sender as TradingView is one: it sends again when it hears a 5xx or nothing, up to three times."""

import json
import random
import threading
from collections.abc import Callable
from typing import Any

import httpx

import plain_http
from tradewire.audit.posts import Post

RESENDS = 3
SYMBOLS = ("AAPL", "MSFT", "TSLA")


class Message:
    """Something that somebody wants, however often it has to be sent."""

    def __init__(self, name: str, strategy: str, fields: dict[str, Any]) -> None:
        self.name = name
        self.strategy = strategy
        self.fields = fields
        self.sent = 0


def messages(seed: str) -> Callable[[], Message]:
    """An endless stream: mostly entries, now and then a resting order and its cancel, or an exit.

    Every other one has an id; the rest is told apart, and known again, by its content.
    """
    dice = random.Random(seed)
    counter = iter(range(10**9))

    def next_one() -> Message:
        number = next(counter)
        name = f"{seed}-{number}"
        symbol = dice.choice(SYMBOLS)
        fields: dict[str, Any] = {"symbol": symbol, "comment": name}
        strategy = "entries"
        kind = number % 8
        if kind in (3, 7):
            strategy = "resting"
            fields |= {"action": "buy", "qty": 1, "orderType": "limit", "limitPrice": "1.00"}
        elif kind in (4, 0):
            strategy = "resting"
            fields |= {"action": "cancel", "symbol": symbol}
        elif kind == 6:
            fields |= {"action": "exit"}
        else:
            fields |= {"action": dice.choice(("buy", "buy", "sell")), "qty": dice.randint(1, 3)}
        if number % 2:
            fields["id"] = name
        return Message(name, strategy, fields)

    return next_one


class Sender:
    """Posts from a thread while a relay lives; keeps what is to be sent again, and what was acknowledged."""

    def __init__(self, seed: str) -> None:
        self.acknowledged: list[Post] = []
        self.given_up: list[str] = []
        self.answers: dict[int, int] = {}
        self._seed = seed
        self._next = messages(seed)
        self._again: list[Message] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, url: str, key: str, pause_s: float = 0.004) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(url, key, pause_s))
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more; it also ends by itself once the relay is gone."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def finish(self, url: str, key: str) -> None:
        """Send again what is still owed its resends, cancel what rests, and send no more."""
        for symbol in SYMBOLS:
            name = f"{self._seed}-last-{symbol}"
            last = {"action": "cancel", "symbol": symbol, "id": name}
            self._again.append(Message(name, "resting", last))
        with plain_http.Client(timeout=10) as client:
            while self._again:
                self._post(client, url, key, self._again.pop(0))

    def _run(self, url: str, key: str, pause_s: float) -> None:
        with plain_http.Client(timeout=10) as client:
            while not self._stop.wait(pause_s):
                message = self._again.pop(0) if self._again else self._next()
                if not self._post(client, url, key, message):
                    return

    def _post(self, client: httpx.Client, url: str, key: str, message: Message) -> bool:
        """Whether anybody answered."""
        message.sent += 1
        body = json.dumps({"apiKey": key, "strategyId": message.strategy, **message.fields})
        try:
            answer = client.post(f"{url}/api/tradingview/webhook", content=body)
        except httpx.TransportError:
            self._owed(message)
            return False
        self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
        if answer.status_code >= 500:
            self._owed(message)
        elif answer.status_code == 200:
            said = answer.json()
            signal = said["id"] if said["status"] == "accepted" else said["of"]
            self.acknowledged.append(Post(signal_id=signal, message=message.name))
        return True

    def _owed(self, message: Message) -> None:
        if message.sent <= RESENDS:
            self._again.append(message)
        else:
            self.given_up.append(message.name)
