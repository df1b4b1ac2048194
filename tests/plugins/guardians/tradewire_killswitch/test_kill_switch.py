from itertools import product

import pytest

from tradewire import Decision, Purpose, Scope, Switch, SwitchState
from tradewire_killswitch.kill_switch import KillSwitch

IDS = {Scope.GLOBAL: "", Scope.ACCOUNT: "acc", Scope.ALGORITHM: "alg"}


def switches(scope, state, **more):
    """Every switch active but the one of `scope`."""
    return tuple(
        Switch(scope=one, scope_id=IDS[one], state=state, **more)
        if one is scope
        else Switch(scope=one, scope_id=IDS[one])
        for one in Scope
    )


@pytest.mark.parametrize(
    ("scope", "state", "purpose"),
    list(product(Scope, SwitchState, (Purpose.ENTRY, Purpose.EXIT, Purpose.CANCEL))),
)
def test_halted_stops_all_but_cancels_and_reducing_stops_entries(order, view, scope, state, purpose):
    verdict = KillSwitch().guard(order(purpose=purpose), view(scope=scope, switches=switches(scope, state)))
    stopped = purpose is not Purpose.CANCEL and (
        state is SwitchState.HALTED or (state is SwitchState.REDUCING and purpose is Purpose.ENTRY)
    )
    assert (verdict.decision is Decision.BLOCK) == stopped


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.EXIT])
def test_a_switch_that_is_missing_is_not_active(order, view, scope, purpose):
    others = tuple(Switch(scope=one, scope_id=IDS[one]) for one in Scope if one is not scope)
    for known in (others, ()):
        verdict = KillSwitch().guard(order(purpose=purpose), view(scope=scope, switches=known))
        assert (verdict.decision, verdict.reason) == (Decision.BLOCK, "switch_unknown")


def test_the_switch_of_another_account_says_nothing(order, view):
    other = Switch(scope=Scope.ACCOUNT, scope_id="other")
    verdict = KillSwitch().guard(order(), view(scope=Scope.ACCOUNT, switches=(other,)))
    assert verdict.reason == "switch_unknown"


def test_of_two_answers_for_one_switch_the_stricter_holds(order, view):
    both = (
        Switch(scope=Scope.GLOBAL, state=SwitchState.HALTED),
        Switch(scope=Scope.GLOBAL, state=SwitchState.ACTIVE),
    )
    assert KillSwitch().guard(order(), view(scope=Scope.GLOBAL, switches=both)).reason == "halted"


def test_the_sentence_names_who_why_and_the_way_out(order, view):
    found = switches(Scope.GLOBAL, SwitchState.HALTED, by="cli", reason="news at noon")
    message = KillSwitch().guard(order(), view(scope=Scope.GLOBAL, switches=found)).message
    assert "by cli" in message
    assert "news at noon" in message
    assert "tradewire resume" in message


@pytest.mark.parametrize(
    ("scope", "release"),
    [
        (Scope.GLOBAL, 'tradewire resume --reason "…"'),
        (Scope.ACCOUNT, 'tradewire resume --account NAME --reason "…"'),
        (Scope.ALGORITHM, 'tradewire resume --algorithm breakout --reason "…"'),
    ],
)
def test_the_way_out_is_that_of_its_scope(order, view, scope, release):
    judged = view(scope=scope, switches=switches(scope, SwitchState.HALTED))
    assert release.replace("breakout", judged.algorithm.name) in KillSwitch().guard(order(), judged).message


def test_it_is_asked_in_every_scope_and_again_before_each_send():
    assert KillSwitch().always == frozenset(Scope)
    assert KillSwitch().live
