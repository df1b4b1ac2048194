from typing import Any

import pytest

from tradewire.security import lockout as lockout_module
from tradewire.security.lockout import LOCKED_S, TRIES, WINDOW_S, Lockout


def wrong_tries(lockout: Lockout, count: int, source: str = "1.2.3.4", key: str = "k") -> list[bool]:
    return [lockout.count_wrong(source, key) for _ in range(count)]


def test_the_21st_wrong_try_of_a_pair_is_locked(stepped_clock: Any) -> None:
    lockout = Lockout(stepped_clock)
    assert wrong_tries(lockout, TRIES + 1) == [False] * TRIES + [True]
    assert lockout.is_locked("1.2.3.4", "k")


def test_another_key_from_the_same_source_is_not_locked(stepped_clock: Any) -> None:
    lockout = Lockout(stepped_clock)
    wrong_tries(lockout, 1000)
    assert not lockout.is_locked("1.2.3.4", "the right one")
    assert not lockout.is_locked("4.3.2.1", "k")


def test_a_thousand_different_wrong_keys_lock_nothing(stepped_clock: Any) -> None:
    lockout = Lockout(stepped_clock)
    assert not any(lockout.count_wrong("1.2.3.4", str(key)) for key in range(1000))


def test_the_lock_ends_after_15_minutes_and_counts_anew(stepped_clock: Any) -> None:
    lockout = Lockout(stepped_clock)
    wrong_tries(lockout, TRIES)
    stepped_clock.seconds += LOCKED_S - 1
    assert lockout.is_locked("1.2.3.4", "k")
    stepped_clock.seconds += 1
    assert wrong_tries(lockout, TRIES + 1) == [False] * TRIES + [True]


def test_tries_during_the_lock_do_not_prolong_it(stepped_clock: Any) -> None:
    lockout = Lockout(stepped_clock)
    wrong_tries(lockout, TRIES)
    stepped_clock.seconds += LOCKED_S / 2
    wrong_tries(lockout, 100)
    stepped_clock.seconds += LOCKED_S / 2
    assert not lockout.is_locked("1.2.3.4", "k")


def test_slow_tries_are_never_locked(stepped_clock: Any) -> None:
    lockout = Lockout(stepped_clock)
    for _ in range(200):
        stepped_clock.seconds += WINDOW_S / (TRIES - 1) + 1
        assert not lockout.count_wrong("1.2.3.4", "k")


def test_the_oldest_pairs_are_forgotten_beyond_the_bound(
    stepped_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout_module, "MOST_PAIRS", 3)
    lockout = Lockout(stepped_clock)
    wrong_tries(lockout, TRIES, key="oldest")
    for key in "abc":
        wrong_tries(lockout, 1, key=key)
    assert len(lockout) == 3
    assert not lockout.is_locked("1.2.3.4", "oldest")


def test_the_bound_is_ten_thousand_pairs() -> None:
    assert lockout_module.MOST_PAIRS == 10_000
