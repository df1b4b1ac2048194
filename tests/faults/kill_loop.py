"""Kill Tradewire again and again under load, with a venue that outlives it, and have its history checked.

    python tests/faults/kill_loop.py --rounds 1000

A round is three lives, each ended by `kill -9`: at the crash points in turn, or at a random moment. After
fifty rounds at most a last life ends everything that is under way; then the exported ledger is checked,
beside the venue's book and what the senders were told, and a new history begins.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import naive
from faults.life import Relay, set_up
from faults.load import Sender
from faults.nursery import Nursery
from faults.truth import book_of, judged, told
from faults.venues import outliving_venue, trouble
from tradewire.audit.finding import Code, Report
from tradewire.crashpoints import POINTS

LIVES = 3
#: Rounds that make one history.
LONGEST = 50
#: A point that is not passed for so long is given up, and its turn comes again.
PATIENCE_S = 5.0
NAIVE_S = 3.0
LOST = (Code.LOST, Code.UNFINISHED, Code.FILL_MISSING, Code.NEVER_ARRIVED)
DOUBLED = (Code.DOUBLED, Code.RESENT, Code.DOUBLE_BOOKED, Code.OVERFILLED, Code.OVERPLACED)
ORPHANS = (Code.ORPHAN, Code.FILL_INVENTED)


class Told(NamedTuple):
    """What came of one history."""

    rounds: int
    report: Report
    hits: Counter[str]
    at_random: int
    acknowledged: int
    given_up: int


class Outcome(NamedTuple):
    """What came of all of them."""

    histories: tuple[Told, ...]
    seconds: float

    @property
    def rounds(self) -> int:
        return sum(one.rounds for one in self.histories)

    @property
    def hits(self) -> Counter[str]:
        return sum((one.hits for one in self.histories), Counter())

    @property
    def ok(self) -> bool:
        return all(one.report.ok for one in self.histories)

    def count(self, *codes: Code) -> int:
        return sum(one.report.count(*codes) for one in self.histories)


def run(
    rounds: int, seed: int, *, side_by_side: int = 2, mode: str | None = None, points: Sequence[str] = ()
) -> Outcome:
    """Run `rounds`, several histories at a time; `mode` is a naive one, `points` are all by default."""
    began = time.monotonic()
    sizes = list(_sizes(rounds, side_by_side))
    plans = _plans(sizes, tuple(points) or tuple(POINTS), seed)
    with ThreadPoolExecutor(side_by_side) as pool:
        running = [pool.submit(_history, plan, f"{seed}-{n}", mode) for n, plan in enumerate(plans)]
        histories = tuple(one.result() for one in running)
    return Outcome(histories, time.monotonic() - began)


def _sizes(rounds: int, side_by_side: int) -> Iterator[int]:
    """How many rounds each history has: as long as they may be, but enough of them to run side by side."""
    count = max(-(-rounds // LONGEST), min(side_by_side, rounds))
    for index in range(count):
        yield rounds // count + (index < rounds % count)


def _plans(sizes: Sequence[int], points: Sequence[str], seed: int) -> list[list[str | None]]:
    """For each history what ends its lives: every point equally often, and a random moment (None) besides."""
    lives = sum(sizes) * LIVES
    each = max(1, min(lives * 4 // 5 // len(points), lives)) if lives >= len(points) else 1
    ends: list[str | None] = [*points] * each
    ends = ends[:lives] + [None] * (lives - len(ends))
    dice = random.Random(seed)
    dice.shuffle(ends)
    taken = iter(ends)
    return [[next(taken) for _ in range(size * LIVES)] for size in sizes]


def _history(plan: list[str | None], seed: str, mode: str | None) -> Told:
    dice = random.Random(seed)
    hits: Counter[str] = Counter()
    at_random = 0
    with _stage(mode) as (relay, book):
        sender = Sender(seed)
        waiting = list(plan)
        tries = 0
        while waiting:
            point = waiting.pop(0)
            before = len(relay.hit())
            _life(relay, sender, point, dice)
            new = relay.hit()[before:]
            hits.update(new)
            if point is None:
                at_random += 1
            elif not new and tries < len(plan):
                tries += 1
                waiting.append(point)
        assert relay.start(), relay.said()
        sender.finish(relay.url, relay.key)
        if mode is None:
            relay.settled()
        else:
            # What a naive relay has mixed up may never end.
            threading.Event().wait(NAIVE_S)
        lines = relay.export()
        report = judged(lines, book(), sender.acknowledged)
        if mode is None and not report.ok:
            kept = Path(tempfile.gettempdir()) / f"kill-loop-{seed}.jsonl"
            kept.write_text("".join(lines))
            sys.stderr.write(f"The history with findings is kept in {kept}.\n")
        relay.kill()
    return Told(len(plan) // LIVES, report, hits, at_random, len(sender.acknowledged), len(sender.given_up))


@contextmanager
def _stage(mode: str | None):  # type: ignore[no-untyped-def]
    environment = {naive.VARIABLE: mode} if mode else {}
    with tempfile.TemporaryDirectory(prefix="kill-loop-") as made:
        folder = Path(made)
        nursery = Nursery()
        try:
            with outliving_venue(folder) as venue:
                trouble(venue, 20_000)
                relay = Relay(nursery, folder / "relay", **environment)
                set_up(relay, venue)
                relay.kill()
                yield relay, lambda: book_of(venue)
        finally:
            nursery.close()


def _life(relay: Relay, sender: Sender, point: str | None, dice: random.Random) -> None:
    """One life under load, ended at the point or at a random moment."""
    if relay.start(crash=None if point is None else f"{point}:{dice.randint(1, 4)}"):
        sender.start(relay.url, relay.key)
        deadline = time.monotonic() + (PATIENCE_S if point is not None else dice.uniform(0.02, 0.8))
        pause = threading.Event()
        while relay.is_alive() and time.monotonic() < deadline:
            pause.wait(0.005)
        if relay.is_alive():
            relay.kill()
        sender.stop()
    relay.ended()


def table(outcome: Outcome) -> str:
    """What is printed of it."""
    reports = [one.report for one in outcome.histories]
    rows = {
        "rounds (three kills each)": outcome.rounds,
        "kills at crash points": outcome.hits.total(),
        "kills at random moments": sum(one.at_random for one in outcome.histories),
        "answers 200": sum(one.acknowledged for one in outcome.histories),
        "messages never answered": sum(one.given_up for one in outcome.histories),
        "signals accepted": sum(one.accepted for one in reports),
        "orders at the venue": sum(one.orders for one in reports),
        "fills": sum(one.fills for one in reports),
        "ledger entries": sum(one.entries for one in reports),
        "lost": outcome.count(*LOST),
        "doubled": outcome.count(*DOUBLED),
        "orphans": outcome.count(*ORPHANS),
        "other findings": sum(sum(one.counts.values()) for one in reports)
        - outcome.count(*LOST, *DOUBLED, *ORPHANS),
        "ledger": "verifies" if not outcome.count(Code.DAMAGED) else "DAMAGED",
        "seconds": f"{outcome.seconds:.0f}",
    }
    lines = [f"{name:<28}{value:>10}" for name, value in rows.items()]
    lines += ["", "crash point                       hits"]
    lines += [f"{name:<28}{outcome.hits[name]:>10}" for name in POINTS]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Kill Tradewire under load and check its history.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument("--naive", choices=(naive.ACKNOWLEDGES_FIRST, naive.RESENDS_BLINDLY))
    options = parser.parse_args(arguments)
    outcome = run(options.rounds, options.seed, side_by_side=options.side_by_side, mode=options.naive)
    sys.stdout.write(table(outcome) + "\n")
    for one in outcome.histories:
        if not one.report.ok:
            sys.stdout.write(told(one.report) + "\n")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
