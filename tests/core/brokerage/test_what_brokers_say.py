"""A broker's words are kept without the secrets that it repeats, and in a length that can be read."""

import asyncio
from typing import Any

import pytest

from core.brokerage.sending import Answering, children_for, everything, sender_of
from core.brokerage.test_reports import update, working
from core.engine.bench import Bench
from tradewire import Rejected, RejectKind
from tradewire.brokerage.outcomes import After, store_absent
from tradewire.brokerage.spoken import LONGEST_MESSAGE, spoken, understood
from tradewire.contract.broker import Accepted, SubmitResult, Unknown
from tradewire.contract.capabilities import DedupeClass
from tradewire.domain.order import ChildState
from tradewire.security.known_secrets import KnownSecrets
from tradewire.store.schema import child_orders, ledger_entries

SECRET = "hunter2-of-the-broker"
LONG = "x" * 100_000


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = KnownSecrets()
    opened.remember((SECRET,))
    monkeypatch.setattr("tradewire.security.redaction.known", opened)


def kept(bench: Bench) -> str:
    return f"{bench.rows(child_orders)} {bench.rows(ledger_entries)}"


@pytest.mark.parametrize(
    "answer",
    [
        Rejected(kind=RejectKind.OTHER, message=f"Password {SECRET} is wrong."),
        Rejected(kind=RejectKind.DUPLICATE, message=f"Known from https://me:{SECRET}@broker/"),
        Unknown(cause=f"No answer from https://me:{SECRET}@broker/"),
    ],
    ids=["refused", "duplicate", "unknown"],
)
def test_no_answer_to_an_order_brings_a_secret_into_the_ledger(bench: Bench, answer: SubmitResult) -> None:
    _, child = working(bench)
    bench.submitted(child.client_id, answer)
    assert bench.child(child.client_id).detail
    assert SECRET not in kept(bench)


def test_no_report_and_no_proof_of_absence_brings_one_either(bench: Bench) -> None:
    _, child = working(bench)
    bench.submitted(child.client_id, Unknown(cause="no answer"))
    arguments = {"client_id": child.client_id, "dedupe": DedupeClass.C, "now": bench.clock.now()}
    bench.write(store_absent, proof=f"asked as me:{SECRET}", **arguments)
    bench.report(update(child, ChildState.REJECTED, message=f"{SECRET} may not trade."))
    assert bench.child(child.client_id).state is ChildState.REJECTED
    assert SECRET not in kept(bench)


def test_a_secret_that_the_cut_goes_through_does_not_stay_in_half() -> None:
    text = spoken("x" * (LONGEST_MESSAGE - 8) + SECRET)
    assert "hunter" not in text


@pytest.mark.parametrize(
    "answer",
    [Rejected(kind=RejectKind.OTHER, message=LONG), Unknown(cause=LONG)],
    ids=["refused", "unknown"],
)
def test_what_a_broker_answers_at_length_is_cut(bench: Bench, answer: SubmitResult) -> None:
    _, child = working(bench)
    bench.submitted(child.client_id, answer)
    assert len(bench.child(child.client_id).detail or "") == LONGEST_MESSAGE + 1
    assert max(len(row.body) for row in bench.rows(ledger_entries)) < 2 * LONGEST_MESSAGE


NO_ANSWERS: list[Any] = [
    None,
    "accepted",
    Accepted(broker_order_id=None),  # type: ignore[arg-type]
    Rejected(kind="invalid", message="no"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("answer", NO_ANSWERS, ids=["none", "text", "no id", "no kind"])
def test_an_answer_that_is_none_leaves_the_order_unknown_and_its_lane_waits(
    bench: Bench, answer: Any
) -> None:
    async def given() -> Any:
        return answer

    session = Answering()
    session.answers["AAPL"] = given
    children = children_for(bench, "AAPL", "AAPL")

    async def go() -> list[tuple[str, After]]:
        sender, told = sender_of(bench, session)
        for child in children:
            sender.send(child)
        await everything(sender)
        return told

    told = asyncio.run(go())
    first, second = bench.children()
    assert (first.state, second.state) == (ChildState.UNKNOWN, ChildState.NEW)
    assert told[0][1].look_up
    assert session.sent == [first.client_id]


def test_what_can_be_understood_is_left_as_it_is() -> None:
    for answer in (Accepted(broker_order_id="b"), Unknown(cause="c")):
        assert understood(answer) is answer
