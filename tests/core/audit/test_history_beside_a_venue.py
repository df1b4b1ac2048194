"""What only the venue, or only the history, knows of."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.audit.story import checked, sound
from tradewire.audit.finding import FindingCode
from tradewire.audit.posts import Post, read_posts
from tradewire.audit.venue import (
    VenueAccount,
    VenueBook,
    VenueExecution,
    VenueInstrument,
    VenueOrder,
    VenueRequest,
    VenueTrade,
    read_venue,
)
from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import EntryKind

ENTRIES = sound().entries


def order(client_id: str | None) -> VenueOrder:
    request = VenueRequest(
        client_id=client_id, instrument=VenueInstrument(id="AAPL"), side="buy", quantity=Decimal(4)
    )
    return VenueOrder(request=request)


def trade(client_id: str | None, execution: str, quantity: str) -> VenueTrade:
    return VenueTrade(
        execution=VenueExecution(
            client_id=client_id,
            execution_id=execution,
            instrument_id="AAPL",
            quantity=Decimal(quantity),
            price=Decimal(100),
        )
    )


SENT = dict.fromkeys(one.client_id for one in ENTRIES if one.kind is EntryKind.CHILD_SENT)
FILLS = [one for one in ENTRIES if one.kind is EntryKind.FILL_STORED]
AGREEING = VenueAccount(
    account="venue",
    orders=tuple(order(one) for one in SENT),
    executions=tuple(
        trade(one.client_id, str(one.data["execution"]), str(one.data["quantity"])) for one in FILLS
    ),
)


def beside(**changes: Any) -> dict[str, int]:
    account = msgspec.structs.replace(AGREEING, **changes)
    return dict(checked(ENTRIES, book=VenueBook(accounts=(account,))).counts)


def test_a_venue_that_agrees_adds_nothing() -> None:
    assert beside() == {}


def test_an_order_that_only_the_venue_has_is_an_orphan() -> None:
    assert beside(orders=(*AGREEING.orders, order("a" * 32))) == {"orphan": 1}


def test_one_id_held_twice_is_doubled() -> None:
    assert beside(orders=(*AGREEING.orders, AGREEING.orders[0])) == {"doubled": 1}


def test_an_order_that_was_acknowledged_and_is_not_there_never_arrived() -> None:
    assert beside(orders=AGREEING.orders[1:]) == {"never_arrived": 1}


def test_an_execution_that_is_not_booked_is_missing() -> None:
    more = trade(next(iter(SENT)), "x9", "1")
    assert beside(executions=(*AGREEING.executions, more)) == {"fill_missing": 1}


def test_an_execution_that_the_venue_does_not_have_is_invented() -> None:
    assert beside(executions=AGREEING.executions[1:]) == {"fill_invented": 1}


def test_an_execution_of_another_quantity_is_invented() -> None:
    other = trade(FILLS[0].client_id, str(FILLS[0].data["execution"]), "3")
    assert beside(executions=(other, *AGREEING.executions[1:])) == {"fill_invented": 1}


def test_what_the_owner_trades_there_under_an_id_of_his_own_is_no_finding() -> None:
    orders = (*AGREEING.orders, order(None), order("by-its-owner"))
    assert beside(orders=orders, executions=(*AGREEING.executions, trade(None, "x9", "1"))) == {}


def test_accounts_that_are_not_ours_are_left_alone() -> None:
    other = VenueAccount(account="another", orders=(order("a" * 32),))
    assert checked(ENTRIES, book=VenueBook(accounts=(AGREEING, other))).ok


def test_an_acknowledged_signal_that_is_not_there_is_lost() -> None:
    report = checked(ENTRIES, acknowledged=[Post(signal_id="s1"), Post(signal_id="s9")])
    assert report.counts == {"lost": 1}


def test_one_message_taken_for_two_signals_is_doubled() -> None:
    posts = [Post(signal_id="s1", message="m"), Post(signal_id="s2", message="m")]
    assert checked(ENTRIES, acknowledged=posts).count(FindingCode.DOUBLED) == 1


def test_posts_are_ids_or_objects_a_line_each() -> None:
    told = read_posts(["s1\n", "\n", '{"signal_id":"s2","message":"m"}\n'])
    assert told == (Post(signal_id="s1"), Post(signal_id="s2", message="m"))
    with pytest.raises(Unhonoured, match="Line 1"):
        read_posts(['{"signal":1}'])


def test_what_is_no_venues_list_is_refused_in_words() -> None:
    assert read_venue(b'{"accounts":[{"account":"venue"}]}').accounts[0].orders == ()
    with pytest.raises(Unhonoured, match="not a venue's list"):
        read_venue(b"[]")
