"""Locking out a wrong key from one address, and nothing else."""

from core.ingress.rig import Rig, Served
from tradewire.security.keys import new_key
from tradewire.security.lockout import LOCKED_S, TRIES
from tradewire.store.schema import refusals


def test_a_thousand_posts_with_a_revoked_key_do_not_stop_the_right_one(served: Served) -> None:
    rig = served.rig
    revoked = rig.add_key("old")
    rig.revoke("old")
    body = rig.message(apiKey=revoked)
    assert {served.post(body).status_code for _ in range(1000)} == {401}
    assert served.post(rig.message()).json()["status"] == "accepted"


def test_a_locked_pair_costs_the_store_nothing(rig: Rig) -> None:
    body = rig.message(apiKey=new_key())
    answers = [rig.receive(body) for _ in range(TRIES + 30)]
    assert {answer.status for answer in answers} == {401}
    assert len(rig.rows_of(refusals)) == TRIES


def test_the_same_wrong_key_from_another_address_is_looked_at(rig: Rig) -> None:
    body = rig.message(apiKey=new_key())
    for _ in range(TRIES + 1):
        locked = rig.receive(body)
    elsewhere = rig.receive(body, source="198.51.100.9")
    assert (getattr(locked.body, "kind", ""), getattr(elsewhere.body, "kind", "")) == ("locked", "unknown")


def test_a_lock_ends(rig: Rig) -> None:
    body = rig.message(apiKey=new_key())
    for _ in range(TRIES + 1):
        rig.receive(body)
    rig.advance(LOCKED_S)
    assert getattr(rig.receive(body).body, "kind", "") == "unknown"


def test_a_right_key_with_white_space_is_never_locked(rig: Rig) -> None:
    for _ in range(TRIES + 5):
        rig.receive(rig.message(apiKey=rig.key + " "))
    assert rig.statuses() == ["invalid"] * (TRIES + 5)
