"""What the demo found, and whether all of it was as it should be."""

from collections.abc import Iterator, Mapping, Sequence

from tradewire.demo.books import Ledger, VenueBook
from tradewire.demo.compare import Wish, compare
from tradewire.demo.latency import ACCEPT, SUBMIT, Latency, latencies
from tradewire.demo.progress import Row
from tradewire.demo.script import Answered
from tradewire.domain.base import Struct
from tradewire.domain.order import ParentState


class Result(Struct):
    """What `demo --json` prints. Messages: `sent`; of them `signals` stand in the Signal Log. `blocked`
    counts runs that a guardian stopped, `orders` those at the venue. `problems` are sentences, none if `ok`.
    """

    ok: bool
    problems: tuple[str, ...]
    sent: int
    signals: int
    accepted: int
    duplicates: int
    unauthorized: int
    invalid: int
    no_match: int
    blocked: int
    orders: int
    fills: int
    lost: int
    doubled: int
    ledger_entries: int
    accept_p50_ms: float | None
    accept_p99_ms: float | None
    submit_p50_ms: float | None
    submit_p99_ms: float | None
    stages: tuple[Latency, ...]


def judge(
    rows: Sequence[Row], ledger: Ledger, venue: VenueBook, algorithms: Mapping[str, str], signals: int
) -> Result:
    """`algorithms` are names by id, `signals` how many stand in the Signal Log."""
    found = compare(wishes(rows), ledger, venue, algorithms)
    problems = (*found.lost, *found.doubled, *found.differing, *_unexpected(rows))
    timed = latencies(rows)
    accept, submit = (next(one for one in timed if one.part == part) for part in (ACCEPT, SUBMIT))

    def answered(kind: Answered) -> int:
        return sum(row.answered == kind for row in rows)

    return Result(
        ok=not problems,
        problems=problems,
        sent=len(rows),
        signals=signals,
        accepted=answered(Answered.ACCEPTED),
        duplicates=answered(Answered.DUPLICATE),
        unauthorized=answered(Answered.UNAUTHORIZED),
        invalid=answered(Answered.INVALID),
        no_match=sum(row.state == "no_match" for row in rows),
        blocked=_blocked(rows),
        orders=len(venue.orders),
        fills=len(ledger.fills),
        lost=len(found.lost),
        doubled=len(found.doubled),
        ledger_entries=ledger.entries,
        accept_p50_ms=accept.p50_ms,
        accept_p99_ms=accept.p99_ms,
        submit_p50_ms=submit.p50_ms,
        submit_p99_ms=submit.p99_ms,
        stages=timed,
    )


def verdict(result: Result) -> str:
    """The demo in one sentence."""
    if result.ok:
        return (
            f"All as it should be: {result.accepted} signals accepted, {result.orders} orders and "
            f"{result.fills} fills; the sender's record, the ledger of {result.ledger_entries} entries and "
            "the venue's own book agree: nothing lost, nothing doubled."
        )
    more = len(result.problems) - 1
    others = f" And {more} more." if more else ""
    return f"The demo failed: {result.lost} lost, {result.doubled} doubled. {result.problems[0]}{others}"


def wishes(rows: Sequence[Row]) -> tuple[Wish, ...]:
    """What the client's own record says was wanted: messages of one wish together."""
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.post.wish, []).append(row)
    return tuple(
        Wish(
            name=same[0].post.name,
            signals=frozenset(
                row.signal_id for row in same if row.answered == Answered.ACCEPTED and row.signal_id
            ),
            algorithms=same[0].post.trades,
        )
        for same in grouped.values()
    )


def _blocked(rows: Sequence[Row]) -> int:
    runs = [run for row in rows if row.story is not None for run in row.story.signal.runs]
    return sum(run.state is ParentState.BLOCKED for run in runs)


def _unexpected(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        post = row.post
        if row.answered != post.answer:
            yield (
                f'"{post.name}" was answered with {row.http_status} {row.answered}, '
                f"not with {post.answer}. {row.detail}".strip()
            )
        elif post.state is not None and row.state != post.state:
            why = row.story.signal.reason if row.story is not None else None
            yield f'"{post.name}" came to "{row.state}", not to "{post.state}". {why or ""}'.strip()
