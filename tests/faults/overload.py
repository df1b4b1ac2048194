"""Fault 21: more signals than can be worked. All are answered, late ones expire, none is lost silently.

What was answered with 200 comes to an end with a named reason, what cannot be taken is answered with 503, no
order goes out twice, the ledger verifies, and it comes to rest.

    python tests/faults/overload.py --rate 500 --seconds 60

At the full rate a `tradewire up` (or, with `--several`, `serve` and `worker`), its venue and the sender are a
process each; then the exported ledger is checked, beside the venue's book and what the sender was told. The
test does the same in small.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import plain_http
from bench.asking import Done
from bench.figures import percentile
from bench.machine import NoDisk, file_system
from bench.processes import Sender, Venue
from bench.relay import Embedded, Relay
from bench.runs import SYMBOLS, VENUE_MS, alert
from bench.several import Several
from bench.stored import Ended, oldest_sent_s
from faults.truth import judged, told
from tradewire.audit.finding import Report
from tradewire.audit.posts import Post
from tradewire.audit.venue import read_venue
from tradewire.settings import EngineSettings

RATE, SECONDS = 500.0, 60.0
#: Every answer, by then; the 99th percentile is only told, since it is the machine's as much as Tradewire's.
LONGEST_ANSWER_MS = 2500.0
#: Taken, or stored nowhere and to be sent again.
TAKEN, NOT_NOW = 200, 503
#: `stale_signal` lets nothing older pass, by default.
OLDEST_S = 60
#: How long the rest may take to come to its end.
PATIENCE_S = 300.0
#: How the order of a signal may end, worked in time or not.
ENDS = ("filled", "expired", "blocked")


class Overload:
    """What senders were told; a message is known again by its number."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.statuses: Counter[int] = Counter()

    def add(self, done: Done, first: int = 0) -> None:
        """The answers to messages that are numbered from `first`, in the order in which they were sent."""
        self.statuses.update(done.statuses)
        for number, answer in enumerate(done.answers, first):
            said = msgspec.json.decode(answer) if answer else {}
            if said.get("status") == "accepted":
                self.posts.append(Post(signal_id=said["id"], message=str(number)))

    def problems(self, ended: Ended, report: Report) -> Iterator[str]:
        """What is not as it must be once all has ended, in sentences."""
        if others := set(self.statuses) - {TAKEN, NOT_NOW}:
            yield f"Answers are neither {TAKEN} nor {NOT_NOW}: {sorted(others)} of {dict(self.statuses)}."
        if len(self.posts) != self.statuses[TAKEN]:
            yield f"{self.statuses[TAKEN]} messages were answered with {TAKEN}, {len(self.posts)} accepted."
        # More of them where an answer was lost, or said that it is not known.
        if ended.ways.total() < len(self.posts):
            yield f"{len(self.posts)} signals were accepted, and there are only {ended.ways.total()} orders."
        if unusual := [way for way in ended.ways if way.split()[0] not in ENDS]:
            yield f"Orders ended otherwise than they should: {', '.join(unusual)}."
        if len(ended.ways) < 2 and not self.statuses[NOT_NOW]:
            yield f"All orders ended alike: {ended.told()}; the load was no overload."
        if not report.ok:
            yield told(report)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Send more signals than can be worked, and check what came.")
    parser.add_argument("--rate", type=float, default=RATE, help="signals a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--several", action="store_true", help="serve and a worker on PostgreSQL instead")
    parser.add_argument("--data", default="build/overload", help="a folder on the disk to work on")
    options = parser.parse_args(arguments)
    place = Path(options.data)
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=place)).resolve()
    # PostgreSQL may run as another user than whoever runs this.
    folder.chmod(0o755)
    try:
        file_system(folder)
    except NoDisk as error:
        sys.stderr.write(f"{error}\n")
        return 2
    problems = overloaded(folder, options.rate, options.seconds, options.several)
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    if problems:
        sys.stdout.write(f"The ledger and the logs are in {folder}.\n")
    else:
        shutil.rmtree(folder)
    return 1 if problems else 0


def overloaded(folder: Path, rate: float, seconds: float, several: bool) -> list[str]:
    """Send so many a second for so long, let all of it end, and print what came; the problems."""
    log, sent = folder / "log", Overload()
    with Venue(log, VENUE_MS) as venue, Sender(log) as sender:
        relay = _several(folder, venue) if several else _embedded(folder, log, venue)
        try:
            bodies = [alert(relay.key, symbol, qty=1, id="%d") for symbol in SYMBOLS]
            _say(f"{rate:.0f} signals a second for {seconds:.0f} s ...")
            began = time.time()
            done = sender.do(relay.job("rate", bodies, per_second=rate, seconds=seconds, keep=True))
            sent.add(done)
            unsettled = _unsettled(relay)
            ended, oldest_s = relay.ended(began), relay.read(oldest_sent_s)
            _say("reading the ledger ...")
            lines = relay.export()
            book = read_venue(plain_http.get(f"{venue.url}/book", timeout=60).content)
        finally:
            relay.stop()
    (folder / "ledger.jsonl").write_text("".join(lines))
    report = judged(lines, book, sent.posts)
    _show(done, sent, ended, oldest_s, report)
    return [*unsettled, *sent.problems(ended, report), *_late(max(done.latencies_ms), oldest_s)]


def _embedded(folder: Path, log: Path, venue: Venue) -> Relay:
    relay = Embedded(folder / "data", log)
    relay.trade(venue, SYMBOLS)
    return relay


def _several(folder: Path, venue: Venue) -> Relay:
    relay = Several(folder / "several")
    relay.trade(venue, SYMBOLS)
    relay.add_workers(1)
    return relay


def _show(done: Done, sent: Overload, ended: Ended, oldest_s: float, report: Report) -> None:
    p50, p99 = (percentile(done.latencies_ms, one) for one in (50, 99))
    rows = {
        "messages sent": f"{len(done.sent_at):,}",
        **{
            f"answers {status}" if status else "no answer": f"{count:,}"
            for status, count in sorted(sent.statuses.items())
        },
        "answered after, p50 / p99": f"{p50:.1f} / {p99:.1f} ms",
        "the longest answer": f"{max(done.latencies_ms):.0f} ms",
        **{f"orders {way}": f"{count:,}" for way, count in sorted(ended.ways.items())},
        "oldest signal sent": f"{oldest_s:.1f} s",
        "from the first to the last end": f"{ended.seconds:.0f} s",
        "ledger entries": f"{report.entries:,}",
        "findings": f"{sum(report.counts.values()):,}",
    }
    sys.stdout.write("\n".join(f"{name:<32}{value:>18}" for name, value in rows.items()) + "\n")


def _late(longest_ms: float, oldest_s: float) -> Iterator[str]:
    if longest_ms > LONGEST_ANSWER_MS:
        yield f"An answer took {longest_ms:.0f} ms; {LONGEST_ANSWER_MS:.0f} are allowed."
    longest_s = OLDEST_S + EngineSettings().release_timeout_s
    if oldest_s > longest_s:
        yield f"A signal was sent {oldest_s:.1f} s after it was accepted; {longest_s:.0f} are allowed."


def _unsettled(relay: Relay) -> list[str]:
    """Wait until all that was accepted has ended, and say now and then how much is left; the problems."""
    deadline = time.monotonic() + PATIENCE_S
    while not (left := relay.waiting()).none:
        _say(f"{left.signals:,} signals and {left.orders:,} orders are left ...")
        if time.monotonic() > deadline:
            text = f"{left.signals:,} signals and {left.orders:,} orders"
            return [f"After another {PATIENCE_S:.0f} s {text} had not ended."]
        time.sleep(3)
    return []


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
