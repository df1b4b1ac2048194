"""The measurements: each makes figures, and says with them how they came about."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from bench.figures import Figure, at_least, at_most, percentile, told
from bench.load import Done
from bench.processes import Noop, Process, Relay, Sender, Venue, job_to

Say = Callable[[str], None]

CLIENTS = (1, 32, 100)
VENUE_MS = 20
SYMBOLS = [f"{first}{second}X" for first in "ABCDEF" for second in "KLMNP"]
BURST = 300
#: Below it a service that is asked often loses to one that stores nothing by too much.
LEAST_RATIO = 0.3
LONGEST_BURST_S = 2.0
RATIO = "accept / no-op"
#: One client alone waits for the disk each time; how that compares with no disk says nothing of Tradewire.
ALONE = f"{RATIO}, 1 client"
ARRIVED = f"burst of {BURST}: all at the venue"


class Failed(Exception):
    """Something was answered or traded otherwise than it should have been; a figure would mean nothing."""


class Settings:
    """How long and how often; `quick` is for trying the bench out."""

    def __init__(self, quick: bool, clients: Sequence[int] | None = None) -> None:
        self.clients = tuple(clients or CLIENTS)
        self.rounds = 1 if quick else 3
        self.seconds = 0.5 if quick else 1.2
        self.sustained_s = 3.0 if quick else 10.0
        self.singles = 20 if quick else 100


def alert(relay: Relay, strategy: str, **fields: object) -> str:
    message = {"apiKey": relay.key, "strategyId": strategy, "action": "buy", **fields}
    return json.dumps(message)


def accepting(relay: Relay, noop: Noop, sender: Sender, settings: Settings, say: Say) -> Iterator[Figure]:
    """The no-op against the durable accept, in turns, each with 1, 32 and 100 clients."""
    unlistened = alert(relay, "bench_accept", symbol="AAPL", qty=1, comment="%d")
    first = 0
    for clients, fresh in [*((count, False) for count in settings.clients), (32, True)]:
        how = f"{clients} client{'s' * (clients > 1)}" + (", a connection each" if fresh else "")
        runs: list[tuple[Done, Done]] = []
        used: list[float] = []
        for number in range(settings.rounds):
            say(f"accept, {how}: round {number + 1} of {settings.rounds}")
            shape = {"clients": clients, "fresh": fresh, "seconds": settings.seconds}
            plain = sender.do(job_to(noop.url, "/noop", "closed", [unlistened], first=first, **shape))
            before = relay.cpu_s
            durable = sender.do(relay.job("closed", [unlistened], first=first, **shape))
            used.append((relay.cpu_s - before) * 1000 / len(durable.sent_at))
            first += len(durable.sent_at)
            relay.settle()
            runs.append((_all_well(plain), _all_well(durable)))
        yield from _compared(how, runs, median(used))


def _compared(how: str, runs: list[tuple[Done, Done]], used_ms: float) -> Iterator[Figure]:
    ratios = [_rate(durable) / _rate(plain) for plain, durable in runs]
    plain_p99 = median(percentile(plain.latencies_ms, 99) for plain, _ in runs)
    noop = median(_rate(plain) for plain, _ in runs)
    yield at_least(f"{RATIO}, {how}", ratios, "", 0.5, f"no-op {noop:,.0f}/s, p99 {plain_p99:.1f} ms")
    note = f"{used_ms:.2f} ms of the processor each, routing and all"
    yield told(f"accepted, {how}", [_rate(durable) for _, durable in runs], "/s", note)
    p50 = median(percentile(durable.latencies_ms, 50) for _, durable in runs)
    p99 = [percentile(durable.latencies_ms, 99) for _, durable in runs]
    yield at_most(f"accept p99, {how}", p99, "ms", round(plain_p99 + 50, 1), f"p50 {p50:.1f} ms")


def idle(
    relay: Relay, venue: Venue, sender: Sender, settings: Settings, say: Say, goal: float
) -> Iterator[Figure]:
    """One alert at a time, while nothing else goes on."""
    for _ in range(5):
        sender.do(relay.job("paced", [alert(relay, SYMBOLS[0], qty=1, comment=str(time.time()))]))
    relay.settle()
    say(f"accept to venue, idle: {settings.singles} alerts, one at a time")
    first = 900_000
    bodies = [alert(relay, SYMBOLS[n % 10], qty=first + n) for n in range(settings.singles)]
    done = _all_well(sender.do(relay.job("paced", bodies, pause_s=0.12)))
    relay.settle()
    arrived = venue.arrivals("venue")
    took = [(arrived[first + n][0] - at) * 1000 for n, at in enumerate(done.answered_at)]
    whole = [(arrived[first + n][0] - at) * 1000 for n, at in enumerate(done.sent_at)]
    yield at_most("accept -> venue, idle, p50", [percentile(took, 50)], "ms", goal)
    yield at_most("accept -> venue, idle, p99", [percentile(took, 99)], "ms", 4 * goal)
    yield told(
        "alert sent -> venue, idle, p50",
        [percentile(whole, 50)],
        "ms",
        f"p99 {percentile(whole, 99):.1f} ms; connection, accept and all",
    )


def bursts(relay: Relay, venue: Venue, sender: Sender, settings: Settings, say: Say) -> Iterator[Figure]:
    """300 alerts at once, over 30 algorithms with a symbol each; and all of them on one symbol."""
    answered, at_venue, worst = [], [], []
    for number in range(settings.rounds):
        say(f"burst of {BURST}: round {number + 1} of {settings.rounds}")
        one, other = _burst(relay, venue, sender, SYMBOLS, first=1_000 * (number + 1))
        answered.append(one)
        at_venue.append(other)
    over = f"over {len(SYMBOLS)} symbols, an algorithm each, one account"
    yield at_most(f"burst of {BURST}: all answered", answered, "s", 0.3, over)
    yield at_most(ARRIVED, at_venue, "s", LONGEST_BURST_S, over)
    say(f"burst of {BURST} on one symbol")
    worst.append(_burst(relay, venue, sender, SYMBOLS[:1], first=500_000)[1])
    least = BURST * VENUE_MS / 1000
    note = f"a lane sends one at a time: {least:g} s of it is the venue's {VENUE_MS} ms"
    yield told(f"burst of {BURST} on one symbol: all at the venue", worst, "s", note)


def _burst(relay: Relay, venue: Venue, sender: Sender, symbols: list[str], first: int) -> tuple[float, float]:
    """Seconds from the first alert: until all were answered, until all were at the venue."""
    bodies = [alert(relay, symbols[n % len(symbols)], qty=first + n) for n in range(BURST)]
    done = _all_well(sender.do(relay.job("burst", bodies, fresh=True)))
    relay.settle()
    arrived = venue.arrivals("venue")
    began = min(done.sent_at)
    last = max(arrived[first + n][0] for n in range(BURST))
    return max(done.answered_at) - began, last - began


def throughput(relay: Relay, venue: Venue, sender: Sender, settings: Settings, say: Say) -> Iterator[Figure]:
    """At most 100 alerts under way, each followed by the next once it is filled."""
    say(f"end to end: {settings.sustained_s:.0f} s with 100 under way")
    bodies = [alert(relay, symbol, qty=1, comment="%d") for symbol in SYMBOLS]
    url = venue.url.replace("http", "ws", 1) + "/events?account=venue"
    before = (relay.cpu_s, venue.cpu_s)
    began = time.time()
    job = relay.job("window", bodies, clients=100, seconds=settings.sustained_s, events_url=url)
    done = _all_well(sender.do(job))
    relay.settle()
    count, first, last = relay.ended(began)
    if count != len(done.sent_at):
        raise Failed(f"{len(done.sent_at)} alerts were accepted, {count} orders filled.")
    used = [f"{after - at:.1f}" for at, after in zip(before, (relay.cpu_s, venue.cpu_s), strict=True)]
    note = f"{count} alerts; processor: relay {used[0]} s, venue {used[1]} s of {last - first:.1f} s"
    yield at_least("signals end to end", [count / (last - first)], "/s", 250, note)


def _all_well(done: Done) -> Done:
    if set(done.statuses) != {200}:
        raise Failed(f"Not every request was answered with 200: {done.statuses}")
    return done


def _rate(done: Done) -> float:
    return len(done.sent_at) / done.seconds


def resident(process: Process, name: str, goal: float | None) -> Figure:
    if goal is None:
        return told(name, [process.rss_mb], "MB")
    return at_most(name, [process.rss_mb], "MB", goal)
