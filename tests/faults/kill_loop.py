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
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import naive
from faults.fleet_stage import processes
from faults.load import Sender
from faults.stage import embedded
from faults.truth import judged, told
from tradewire.audit.finding import FindingCode, Report
from tradewire.crashpoints import POINTS

LIVES = 3
#: Rounds that make one history.
LONGEST = 50
LOST = (FindingCode.LOST, FindingCode.UNFINISHED, FindingCode.FILL_MISSING, FindingCode.NEVER_ARRIVED)
DOUBLED = (
    FindingCode.DOUBLED,
    FindingCode.RESENT,
    FindingCode.DOUBLE_BOOKED,
    FindingCode.OVERFILLED,
    FindingCode.OVERPLACED,
)
ORPHANS = (FindingCode.ORPHAN, FindingCode.FILL_INVENTED)


class Told(NamedTuple):
    """What came of one history."""

    rounds: int
    report: Report
    hits: Counter[str]
    killed: Counter[str]
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
    def killed(self) -> Counter[str]:
        """What was killed at random moments, and how often."""
        return sum((one.killed for one in self.histories), Counter())

    @property
    def ok(self) -> bool:
        return all(one.report.ok for one in self.histories)

    def count(self, *codes: FindingCode) -> int:
        return sum(one.report.count(*codes) for one in self.histories)


def run(
    rounds: int,
    seed: int,
    *,
    side_by_side: int = 2,
    mode: str | None = None,
    many: bool = False,
    points: Sequence[str] = (),
    say: Callable[[str], object] = lambda _: None,
) -> Outcome:
    """Run `rounds`, several histories at a time; `mode` is a naive one, `points` are all by default.

    `many`: a server and two workers on PostgreSQL and Valkey instead of one process on SQLite. `say` is told
    of each history that has ended.
    """
    began = time.monotonic()
    sizes = list(_sizes(rounds, side_by_side))
    # With more that can die at a random moment, more of those.
    plans = _plans(sizes, tuple(points) or tuple(POINTS), seed, at_random=0.4 if many else 0.2)
    with ThreadPoolExecutor(side_by_side) as pool:
        running = [pool.submit(_history, plan, f"{seed}-{n}", mode, many) for n, plan in enumerate(plans)]
        for number, one in enumerate(as_completed(running), start=1):
            say(_progress(number, len(plans), one.result(), time.monotonic() - began))
        histories = tuple(one.result() for one in running)
    return Outcome(histories, time.monotonic() - began)


def _progress(number: int, of: int, history: Told, seconds: float) -> str:
    report = history.report
    counts = f"lost {report.count(*LOST)}, doubled {report.count(*DOUBLED)}, orphans {report.count(*ORPHANS)}"
    return (
        f"history {number} of {of} after {seconds / 60:.1f} min: {history.rounds} rounds, "
        f"{report.accepted} signals, {counts}{'' if report.ok else '; FINDINGS'}"
    )


def _sizes(rounds: int, side_by_side: int) -> Iterator[int]:
    """How many rounds each history has: as long as they may be, but enough of them to run side by side."""
    count = max(-(-rounds // LONGEST), min(side_by_side, rounds))
    for index in range(count):
        yield rounds // count + (index < rounds % count)


def _plans(
    sizes: Sequence[int], points: Sequence[str], seed: int, at_random: float
) -> list[list[str | None]]:
    """For each history what ends its lives: the points in turn, and a share of random moments (None)."""
    dice = random.Random(seed)
    lives = sum(sizes) * LIVES
    turn = cycle(dice.sample(list(points), len(points)))
    count = lives - int(lives * at_random)
    ends: list[str | None] = [next(turn) for _ in range(count)] + [None] * (lives - count)
    dice.shuffle(ends)
    taken = iter(ends)
    return [[next(taken) for _ in range(size * LIVES)] for size in sizes]


def _history(plan: list[str | None], seed: str, mode: str | None, many: bool) -> Told:
    dice = random.Random(seed)
    killed: Counter[str] = Counter()
    waiting, tries = list(plan), len(plan)
    with processes() if many else embedded(mode) as stage:
        sender = Sender(seed)
        while waiting:
            point = waiting.pop(0)
            before = len(stage.hit())
            other = stage.life(sender, point, dice)
            if other is not None:
                killed[other] += 1
            elif len(stage.hit()) == before and tries:
                tries -= 1
                waiting.append(point)
        stage.finish(sender)
        lines = stage.export()
        report = judged(lines, stage.book(), sender.acknowledged)
        hits = Counter(stage.hit())
    if mode is None and not report.ok:
        kept = Path(tempfile.gettempdir()) / f"kill-loop-{seed}.jsonl"
        kept.write_text("".join(lines))
        sys.stderr.write(f"The history with findings is kept in {kept}.\n")
    return Told(len(plan) // LIVES, report, hits, killed, len(sender.acknowledged), len(sender.given_up))


def table(outcome: Outcome) -> str:
    """What is printed of it."""
    reports = [one.report for one in outcome.histories]
    rows = {
        "rounds (three kills each)": outcome.rounds,
        "kills at crash points": outcome.hits.total(),
        "kills at random moments": outcome.killed.total(),
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
        "ledger": "verifies" if not outcome.count(FindingCode.DAMAGED) else "DAMAGED",
        "seconds": f"{outcome.seconds:.0f}",
    }
    lines = [f"{name:<28}{value:>10}" for name, value in rows.items()]
    lines += ["", "crash point                       hits"]
    lines += [f"{name:<28}{outcome.hits[name]:>10}" for name in POINTS]
    lines += ["", "killed at random moments         times"]
    lines += [f"{name:<28}{count:>10}" for name, count in sorted(outcome.killed.items())]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Kill Tradewire under load and check its history.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument("--naive", choices=(naive.ACKNOWLEDGES_FIRST, naive.RESENDS_BLINDLY))
    parser.add_argument("--many", action="store_true", help="several processes on PostgreSQL and Valkey")
    options = parser.parse_args(arguments)
    outcome = run(
        options.rounds,
        options.seed,
        side_by_side=options.side_by_side,
        mode=options.naive,
        many=options.many,
        say=lambda line: sys.stderr.write(f"{line}\n"),
    )
    sys.stdout.write(table(outcome) + "\n")
    for one in outcome.histories:
        if not one.report.ok:
            sys.stdout.write(told(one.report) + "\n")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
