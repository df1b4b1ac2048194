"""How quickly alerts become orders at the venue: one at a time, many at once, as many as go through."""

import time
from collections.abc import Iterator

from bench.figures import Figure, at_least, at_most, percentile, told
from bench.processes import Sender, Venue
from bench.relay import Relay
from bench.runs import SYMBOLS, VENUE_MS, Failed, Say, Settings, alert, all_well, used
from bench.stored import Ended

BURST = 300
LONGEST_BURST_S = 2.0
ARRIVED = f"burst of {BURST}: all at the venue"
#: As many alerts at once on one symbol of one algorithm.
LANES = (100, 300)


class Trading:
    """A relay that trades at a venue. An order is known again by its quantity, which no other one has."""

    def __init__(self, relay: Relay, venue: Venue, sender: Sender, settings: Settings, say: Say) -> None:
        self._relay = relay
        self._venue = venue
        self._sender = sender
        self._settings = settings
        self._say = say
        self._next = 1_000

    def warm(self) -> None:
        """An order on each symbol, so that each account is compared and each symbol is resolved."""
        self._say("an order on each symbol first")
        bodies = [alert(self._relay.key, symbol, qty=1, comment=str(time.time())) for symbol in SYMBOLS]
        all_well(self._sender.do(self._relay.job("paced", bodies)))
        self._relay.settle()

    def idle(self, where: str, goal_ms: float) -> Iterator[Figure]:
        """One alert at a time, while nothing else goes on."""
        count = self._settings.singles
        self._say(f"{count} alerts, one at a time")
        first = self._numbers(count)
        bodies = [alert(self._relay.key, SYMBOLS[nth % 10], qty=first + nth) for nth in range(count)]
        done = all_well(self._sender.do(self._relay.job("paced", bodies, pause_s=0.12)))
        self._relay.settle()
        arrived = self._arrived(first, count)
        if len(arrived) != count:
            raise Failed(f"{count} alerts were accepted, {len(arrived)} orders reached the venue.")
        took = [(at - since) * 1000 for at, since in zip(arrived, done.answered_at, strict=True)]
        whole = [(at - since) * 1000 for at, since in zip(arrived, done.sent_at, strict=True)]
        name = f"accept -> venue, idle{where}"
        yield at_most(f"{name}, p50", [percentile(took, 50)], "ms", goal_ms)
        yield at_most(f"{name}, p99", [percentile(took, 99)], "ms", {15: 60, 40: 120}[int(goal_ms)])
        yield told(
            f"alert sent -> venue, idle{where}, p50",
            [percentile(whole, 50)],
            "ms",
            f"p99 {percentile(whole, 99):.1f} ms; connection, accept and all",
        )

    def bursts(self) -> Iterator[Figure]:
        """300 alerts at once, over 30 algorithms with a symbol each."""
        rounds = self._settings.rounds
        answered, at_venue = [], []
        for number in range(rounds):
            self._say(f"round {number + 1} of {rounds}")
            took_s, arrived, ends = self._burst(SYMBOLS, BURST)
            if len(arrived) != BURST:
                raise Failed(
                    f"{len(arrived)} of {BURST} orders reached the venue; the orders: {ends.told()}."
                )
            answered.append(took_s)
            at_venue.append(max(arrived))
        over = f"over {len(SYMBOLS)} symbols, an algorithm each, one account"
        yield at_most(f"burst of {BURST}: all answered", answered, "s", 0.3, over)
        yield at_most(ARRIVED, at_venue, "s", LONGEST_BURST_S, over)

    def lane(self) -> Iterator[Figure]:
        """Many alerts at once for one symbol of one algorithm, worked one after the other."""
        for count in LANES:
            self._say(f"{count} alerts on one symbol")
            _, arrived, ends = self._burst(SYMBOLS[:1], count)
            name = f"burst of {count}, one symbol"
            least = f"{count * VENUE_MS / 1000:g} s of it is the venue's {VENUE_MS} ms, one after the other"
            yield told(f"{name}: last at the venue", [max(arrived, default=0.0)], "s", least)
            yield at_least(f"{name}: reached the venue", [len(arrived)], "", count, f"ended: {ends.told()}")

    def throughput(self, how: str = "", goal: float | None = None) -> Iterator[Figure]:
        """At most 100 alerts under way, each followed by the next once it is filled."""
        relay, venue, seconds = self._relay, self._venue, self._settings.sustained_s
        self._say(f"{seconds:.0f} s with 100 under way")
        bodies = [alert(relay.key, symbol, qty=1, comment=f"{how} %d") for symbol in SYMBOLS]
        urls = [venue.events(account) for account in relay.accounts]
        before = {**relay.cpu_s(), "venue": venue.cpu_s}
        began = time.time()
        job = relay.job("window", bodies, clients=100, seconds=seconds, events_urls=urls)
        done = all_well(self._sender.do(job))
        relay.settle()
        ends = relay.ended(began)
        count = len(done.sent_at)
        if ends.ways["filled"] != count:
            raise Failed(f"{count} alerts were accepted; of the orders ended: {ends.told()}.")
        spent = used(before, {**relay.cpu_s(), "venue": venue.cpu_s})
        note = f"{count} alerts; processor: {spent} of {ends.seconds:.1f} s"
        name = f"signals end to end{how}"
        rates = [count / ends.seconds]
        yield told(name, rates, "/s", note) if goal is None else at_least(name, rates, "/s", goal, note)

    def _burst(self, symbols: list[str], count: int) -> tuple[float, list[float], Ended]:
        """From the first alert, in seconds: until all were answered, and until each that came was there."""
        first = self._numbers(count)
        bodies = [
            alert(self._relay.key, symbols[nth % len(symbols)], qty=first + nth) for nth in range(count)
        ]
        started = time.time()
        done = all_well(self._sender.do(self._relay.job("burst", bodies)))
        self._relay.settle()
        began = min(done.sent_at)
        arrived = [at - began for at in self._arrived(first, count)]
        return max(done.answered_at) - began, arrived, self._relay.ended(started)

    def _numbers(self, count: int) -> int:
        """The first of so many quantities that no order had yet."""
        first, self._next = self._next, self._next + count
        return first

    def _arrived(self, first: int, count: int) -> list[float]:
        """When the orders of these quantities arrived, in their order; those that did not are left out."""
        arrivals = self._venue.arrivals()
        twice = [number for number in range(first, first + count) if len(arrivals.get(number, [])) > 1]
        if twice:
            raise Failed(f"{len(twice)} orders arrived twice, such as that of {twice[0]}.")
        return [arrivals[number][0] for number in range(first, first + count) if number in arrivals]
