"""How quickly webhooks are accepted, beside a handler on the same server that does nothing."""

from collections.abc import Iterator
from statistics import median

from bench.asking import Done
from bench.figures import Figure, at_least, at_most, percentile, told
from bench.processes import Noop, Sender, job_to
from bench.relay import Relay
from bench.runs import Say, Settings, alert, all_well

#: Below it a service that is asked often loses to one that stores nothing by too much.
LEAST_RATIO = 0.3
RATIO = "accept / no-op"
#: One client alone waits for the disk each time; how that compares with no disk says nothing of Tradewire.
ALONE = f"{RATIO}, 1 client"


def accepting(relay: Relay, noop: Noop, sender: Sender, settings: Settings, say: Say) -> Iterator[Figure]:
    """The no-op against the durable accept, in turns, each with 1, 32 and 100 clients."""
    unlistened = alert(relay.key, "bench_accept", symbol="AAPL", qty=1, comment="%d")
    first = 0
    for clients, fresh in [*((count, False) for count in settings.clients), (32, True)]:
        how = f"{clients} client{'s' * (clients > 1)}" + (", a connection each" if fresh else "")
        runs: list[tuple[Done, Done]] = []
        used_ms: list[float] = []
        for number in range(settings.rounds):
            say(f"{how}: round {number + 1} of {settings.rounds}")
            shape = {"clients": clients, "fresh": fresh, "seconds": settings.seconds}
            plain = sender.do(job_to(noop.url, "/noop", "closed", [unlistened], first=first, **shape))
            before = sum(relay.cpu_s().values())
            durable = sender.do(relay.job("closed", [unlistened], first=first, **shape))
            used_ms.append((sum(relay.cpu_s().values()) - before) * 1000 / len(durable.sent_at))
            first += len(durable.sent_at)
            relay.settle()
            runs.append((all_well(plain), all_well(durable)))
        yield from _compared(how, runs, median(used_ms))


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


def _rate(done: Done) -> float:
    return len(done.sent_at) / done.seconds
