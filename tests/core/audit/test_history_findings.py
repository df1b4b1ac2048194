"""A sound history passes; each way in which it could have gone wrong is found under its name."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.story import START, Story, changed, checked, lines, moved, places, sound
from tradewire.audit.check import check
from tradewire.audit.finding import FindingCode
from tradewire.domain.ids import client_order_id
from tradewire.domain.ledger import Entry, EntryKind

K = EntryKind
Entries = list[Entry]


def at(entries: Entries, kind: EntryKind, nth: int = 0) -> int:
    return places(entries, kind)[nth]


def insert_note(entries: Entries, place: int, kind: EntryKind, like: int, **data: Any) -> None:
    """A further entry about what the one at `like` is about."""
    entries.insert(place, msgspec.structs.replace(entries[like], kind=kind, data=data))


def forgotten(entries: Entries) -> None:
    del entries[at(entries, K.SIGNAL_ROUTED) : at(entries, K.SIGNAL_ROUTED) + 2]
    entries[:] = [one for one in entries if one.signal_id != "s1" or one.kind is K.SIGNAL_ACCEPTED]


def one_of_two_algorithms(entries: Entries) -> None:
    changed(entries, at(entries, K.SIGNAL_ROUTED), algorithms=["alpha", "beta"])


def never_ended(entries: Entries) -> None:
    del entries[at(entries, K.PARENT_ENDED, -1)]


def accepted_twice(entries: Entries) -> None:
    entries.insert(3, entries[at(entries, K.SIGNAL_ACCEPTED)])


def run_twice(entries: Entries) -> None:
    entries.insert(at(entries, K.PARENT_CREATED) + 1, entries[at(entries, K.PARENT_CREATED)])


def second_order_for_one_slice(entries: Entries) -> None:
    place = at(entries, K.CHILD_SENT)
    made = entries[at(entries, K.CHILD_CREATED)]
    entries.insert(place + 1, msgspec.structs.replace(made, client_id="f" * 32))


def foreign_id(entries: Entries) -> None:
    wrong, right = "e" * 32, entries[at(entries, K.CHILD_CREATED)].client_id
    entries[:] = [
        msgspec.structs.replace(one, client_id=wrong) if one.client_id == right else one for one in entries
    ]


def foreign_parent(entries: Entries) -> None:
    right = entries[at(entries, K.PARENT_CREATED)].parent_id
    entries[:] = [
        msgspec.structs.replace(one, parent_id="d" * 32) if one.parent_id == right else one for one in entries
    ]


def sent_blindly(entries: Entries) -> None:
    del entries[at(entries, K.CHILD_LOOKED_UP)]


def other_quantity(entries: Entries) -> None:
    changed(entries, at(entries, K.CHILD_SENT), quantity="40")


def fill_of_no_order(entries: Entries) -> None:
    place = at(entries, K.FILL_STORED)
    entries[place] = msgspec.structs.replace(entries[place], client_id="c" * 32)


def answer_to_no_order(entries: Entries) -> None:
    insert_note(entries, 4, K.CHILD_ACKNOWLEDGED, at(entries, K.CHILD_SENT))


def filled_on_the_other_side(entries: Entries) -> None:
    changed(entries, at(entries, K.FILL_STORED), side="sell", position="-4")


def filled_with_another_instrument(entries: Entries) -> None:
    changed(entries, at(entries, K.FILL_STORED), instrument="MSFT")


def booked_twice(entries: Entries) -> None:
    place = at(entries, K.FILL_STORED)
    entries.insert(place + 1, entries[place])


def too_much_filled(entries: Entries) -> None:
    changed(entries, at(entries, K.FILL_STORED), quantity="5", position="5")


def too_much_placed(entries: Entries) -> None:
    place = at(entries, K.CHILD_CREATED)
    made = entries[place]
    more = client_order_id(made.parent_id or "", 0, 1, 0)
    entries.insert(place + 1, msgspec.structs.replace(made, client_id=more))
    changed(entries, place + 1, slice=1)


def filled_without_fills(entries: Entries) -> None:
    del entries[at(entries, K.FILL_STORED, -1)]


def wrong_position(entries: Entries) -> None:
    changed(entries, at(entries, K.FILL_STORED, 1), position="7")


def nobody_asked(entries: Entries) -> None:
    del entries[at(entries, K.PARENT_GUARDED)]


def not_admitted(entries: Entries) -> None:
    del entries[at(entries, K.PARENT_ADMITTED)]


def denied(entries: Entries) -> None:
    changed(entries, at(entries, K.PARENT_GUARDED), decision="block")


def halted(entries: Entries) -> None:
    switch = Entry(at=START, kind=K.SWITCH_CHANGED, data={"scope": "global", "to": "halted"})
    entries.insert(at(entries, K.CHILD_SENT), switch)


def reducing(entries: Entries) -> None:
    switch = Entry(
        at=START, kind=K.SWITCH_CHANGED, account_id="account-1", data={"scope": "account", "to": "reducing"}
    )
    entries.insert(at(entries, K.CHILD_SENT), switch)


def algorithm_stopped(entries: Entries) -> None:
    entries.insert(at(entries, K.CHILD_SENT), Entry(at=START, kind=K.ALGORITHM_STOPPED, algorithm_id="alpha"))


def parent_cancelled(entries: Entries) -> None:
    place = at(entries, K.CHILD_SENT)
    insert_note(entries, place, K.PARENT_CANCEL_REQUESTED, place)


def child_cancelled(entries: Entries) -> None:
    place = at(entries, K.CHILD_SENT)
    insert_note(entries, place, K.CHILD_CANCEL_REQUESTED, place)


def sent_after_its_end(entries: Entries) -> None:
    entries.insert(at(entries, K.PARENT_ENDED), entries[at(entries, K.CHILD_SENT)])


def made_after_its_parents_end(entries: Entries) -> None:
    made = entries[at(entries, K.CHILD_CREATED)]
    late = msgspec.structs.replace(made, client_id=client_order_id(made.parent_id or "", 0, 1, 0))
    entries.insert(at(entries, K.PARENT_ENDED) + 1, late)


def ended_twice(entries: Entries) -> None:
    place = at(entries, K.PARENT_ENDED)
    entries.insert(place + 1, entries[place])


def by_a_voided_lease(entries: Entries) -> None:
    changed(entries, at(entries, K.CHILD_SENT), epoch=2)


def overtaken_in_its_lane(entries: Entries) -> None:
    guarded, admitted = at(entries, K.PARENT_GUARDED, 1), at(entries, K.PARENT_ADMITTED, 1)
    before = at(entries, K.PARENT_GUARDED)
    moved(entries, guarded, before)
    moved(entries, admitted, before + 1)


def opened_before_the_close_ended(entries: Entries) -> None:
    """The exit's place among the accepted is before the second entry."""
    close = at(entries, K.SIGNAL_ACCEPTED, 3)
    for offset in range(3):
        moved(entries, close + offset, at(entries, K.SIGNAL_ACCEPTED, 1) + offset)


def closed_while_it_worked(entries: Entries) -> None:
    guarded, admitted = at(entries, K.PARENT_GUARDED, -1), at(entries, K.PARENT_ADMITTED, -1)
    before = at(entries, K.CHILD_ENDED, 2)
    moved(entries, guarded, before)
    moved(entries, admitted, before + 1)


def admitted_past_an_unknown_order(entries: Entries) -> None:
    """The third order comes while the second one's fate is unknown."""
    third = at(entries, K.SIGNAL_ACCEPTED, 2)
    coming, entries[third : third + 5] = entries[third : third + 5], []
    place = at(entries, K.CHILD_LOOKED_UP)
    entries[place:place] = coming


def ended_while_open(entries: Entries) -> None:
    moved(entries, at(entries, K.PARENT_ENDED), at(entries, K.CHILD_SENT) + 1)


def acknowledged_unsent(entries: Entries) -> None:
    del entries[at(entries, K.CHILD_SENT)]


def routed_twice(entries: Entries) -> None:
    place = at(entries, K.SIGNAL_ROUTED)
    entries.insert(place + 1, entries[place])


BENT: list[tuple[Callable[[Entries], None], FindingCode]] = [
    (forgotten, FindingCode.LOST),
    (one_of_two_algorithms, FindingCode.LOST),
    (never_ended, FindingCode.UNFINISHED),
    (accepted_twice, FindingCode.DOUBLED),
    (run_twice, FindingCode.DOUBLED),
    (second_order_for_one_slice, FindingCode.DOUBLED),
    (foreign_id, FindingCode.WRONG_ID),
    (foreign_parent, FindingCode.WRONG_ID),
    (sent_blindly, FindingCode.RESENT),
    (other_quantity, FindingCode.CHANGED_CONTENT),
    (fill_of_no_order, FindingCode.ORPHAN),
    (answer_to_no_order, FindingCode.ORPHAN),
    (filled_on_the_other_side, FindingCode.ORPHAN),
    (filled_with_another_instrument, FindingCode.ORPHAN),
    (booked_twice, FindingCode.DOUBLE_BOOKED),
    (too_much_filled, FindingCode.OVERFILLED),
    (too_much_placed, FindingCode.OVERPLACED),
    (filled_without_fills, FindingCode.FILL_MISSING),
    (wrong_position, FindingCode.POSITION),
    (nobody_asked, FindingCode.UNGUARDED),
    (not_admitted, FindingCode.UNGUARDED),
    (denied, FindingCode.BLOCKED_YET_SENT),
    (halted, FindingCode.AFTER_HALT),
    (reducing, FindingCode.AFTER_HALT),
    (algorithm_stopped, FindingCode.AFTER_HALT),
    (parent_cancelled, FindingCode.AFTER_CANCEL),
    (child_cancelled, FindingCode.AFTER_CANCEL),
    (sent_after_its_end, FindingCode.AFTER_END),
    (made_after_its_parents_end, FindingCode.AFTER_END),
    (ended_twice, FindingCode.AFTER_END),
    (by_a_voided_lease, FindingCode.OLD_LEASE),
    (overtaken_in_its_lane, FindingCode.OUT_OF_ORDER),
    (opened_before_the_close_ended, FindingCode.OVERTOOK_CLOSE),
    (closed_while_it_worked, FindingCode.CLOSED_OVER_WORKING),
    (admitted_past_an_unknown_order, FindingCode.PAST_UNKNOWN),
    (ended_while_open, FindingCode.IMPOSSIBLE),
    (acknowledged_unsent, FindingCode.IMPOSSIBLE),
    (routed_twice, FindingCode.IMPOSSIBLE),
]

#: Found only by comparing with another list, in a module of their own, or by verifying the chain.
BY_OTHER_LISTS = {FindingCode.DAMAGED, FindingCode.NEVER_ARRIVED, FindingCode.FILL_INVENTED}


def test_a_sound_history_has_no_findings() -> None:
    report = checked(sound().entries)
    assert report.ok, report.findings
    assert (report.accepted, report.orders, report.fills, report.live) == (4, 4, 4, 0)


@pytest.mark.parametrize(("bend", "code"), BENT, ids=lambda one: getattr(one, "__name__", ""))
def test_what_went_wrong_is_found_under_its_name(bend: Callable[[Entries], None], code: FindingCode) -> None:
    entries = sound().entries
    bend(entries)
    report = checked(entries)
    assert code.value in report.counts, report.findings
    assert not report.ok


def test_every_code_is_found_by_some_test() -> None:
    assert {code for _, code in BENT} | BY_OTHER_LISTS == set(FindingCode)


ONCE = [
    K.SIGNAL_ACCEPTED,
    K.SIGNAL_ROUTED,
    K.PARENT_CREATED,
    K.PARENT_ADMITTED,
    K.PARENT_ENDED,
    K.CHILD_CREATED,
    K.CHILD_SENT,
    K.FILL_STORED,
]


@given(st.data())
def test_whatever_happens_once_is_found_when_it_happens_twice(data: st.DataObject) -> None:
    entries = sound().entries
    place = data.draw(st.sampled_from([one for kind in ONCE for one in places(entries, kind)]))
    entries.insert(data.draw(st.integers(place + 1, len(entries))), entries[place])
    assert not checked(entries).ok


@given(st.data())
def test_whatever_must_happen_is_missed_when_it_does_not(data: st.DataObject) -> None:
    entries = sound().entries
    place = data.draw(st.sampled_from([one for kind in ONCE for one in places(entries, kind)]))
    del entries[place]
    assert not checked(entries).ok


@given(st.integers(2, 20))
def test_what_was_before_the_first_entry_of_a_part_is_no_finding(first: int) -> None:
    part = lines(sound().entries)[first:]
    report = check(part, settled=True)
    assert not set(report.counts) & {
        FindingCode.ORPHAN.value,
        FindingCode.IMPOSSIBLE.value,
        FindingCode.UNGUARDED.value,
    }


def test_what_is_under_way_is_lost_only_after_a_while_without_a_word() -> None:
    story = Story()
    story.accepted("s1", "alpha")
    story.wanted("s1", "alpha")
    assert check(lines(story.entries)).ok
    late = msgspec.structs.replace(story.entries[0], at=START.replace(hour=16))
    report = check(lines([*story.entries, late]))
    assert report.counts == {"lost": 1}


def test_what_waits_visibly_is_not_lost() -> None:
    story = Story()
    story.accepted("s1", "alpha")
    story.note(K.PARENT_WAITING, story.wanted("s1", "alpha"))
    late = msgspec.structs.replace(story.entries[0], at=START.replace(hour=16))
    report = check(lines([*story.entries, late]))
    assert report.ok
    assert report.live == 1


@pytest.mark.parametrize(
    ("waits_long", "algorithm", "findings"),
    [
        (True, "beta", {}),
        (False, "beta", {"out_of_order": 1}),
        (True, "alpha", {"out_of_order": 1}),
    ],
)
def test_only_another_algorithms_order_passes_what_waits_for_hours(
    waits_long: bool, algorithm: str, findings: dict[str, int]
) -> None:
    story = Story()
    story.accepted("s1", "alpha")
    story.note(K.PARENT_WAITING, story.wanted("s1", "alpha"), own=waits_long)
    story.accepted("s2", algorithm)
    story.admitted(story.wanted("s2", algorithm))
    assert check(lines(story.entries)).counts == findings


def test_findings_are_counted_beyond_those_that_are_spelt_out() -> None:
    story = Story()
    for number in range(150):
        story.accepted(f"s{number}", "alpha")
    report = checked(story.entries)
    assert report.counts == {"lost": 150}
    assert len(report.findings) == 100
