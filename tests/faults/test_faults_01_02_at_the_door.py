"""Faults 1 and 2: kill -9 before the accept commits, and between the commit and the answer."""

import httpx
import pytest

from faults.life import Relay
from faults.truth import book_of, judged, told
from plugins.brokers.paper.process import VenueProcess
from sending import sent
from tradewire.audit.posts import Post

MESSAGE = {"symbol": "AAPL", "action": "buy", "qty": 2}


def resent(relay: Relay, point: str, **fields: object) -> tuple[dict[str, str], int]:
    """Post into a life that ends there, and again into the next; the answer, and how many are stored."""
    relay.stop()
    assert relay.start(crash=point), relay.said()
    with pytest.raises(httpx.TransportError):
        relay.post("entries", **MESSAGE, **fields)
    assert relay.ended() == -9
    assert relay.start(), relay.said()
    answer = sent(lambda: relay.post("entries", **MESSAGE, **fields))
    assert answer.status_code == 200, answer.text
    relay.settled()
    return answer.json(), len([one for one in relay.every("/signals") if one["state"] != "duplicate"])


@pytest.mark.parametrize("fields", [{}, {"id": "named"}], ids=["by its content", "by its id"])
@pytest.mark.parametrize("point", ["accept.parsed", "accept.storing"])
def test_01_killed_before_the_commit_nothing_is_stored_and_the_resend_runs_once(
    relay: Relay, venue: VenueProcess, point: str, fields: dict[str, str]
) -> None:
    answer, stored = resent(relay, point, **fields)
    assert answer["status"] == "accepted"
    assert stored == 1
    sound(relay, venue, answer["id"])


@pytest.mark.parametrize("fields", [{}, {"id": "named"}], ids=["by its content", "by its id"])
def test_02_killed_after_the_commit_the_resend_is_a_duplicate_and_there_is_one_order(
    relay: Relay, venue: VenueProcess, fields: dict[str, str]
) -> None:
    answer, stored = resent(relay, "accept.committed", **fields)
    assert answer["status"] == "duplicate"
    assert stored == 1
    sound(relay, venue, answer["of"])


def sound(relay: Relay, venue: VenueProcess, signal: str) -> None:
    report = judged(relay.export(), book_of(venue), [Post(signal_id=signal)])
    assert report.ok, told(report)
    assert report.fills == 1
