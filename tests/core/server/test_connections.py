"""Connections never take all the files that the process may have open."""

import resource

import pytest

from tradewire.server.connections import MOST, RESERVED, open_at_once

Limits = tuple[int, int]
NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("found", "left", "most"),
    [
        ((1024, 1_048_576), (MOST + RESERVED, 1_048_576), MOST),
        ((256, NONE), (MOST + RESERVED, NONE), MOST),
        ((20_000, 20_000), (20_000, 20_000), MOST),
        ((NONE, NONE), (NONE, NONE), MOST),
        ((1024, 1024), (1024, 1024), 1024 - RESERVED),
        ((512, 2048), (2048, 2048), 2048 - RESERVED),
        ((256, 256), (256, 256), 128),
    ],
)
def test_what_the_rest_needs_stays_free(
    monkeypatch: pytest.MonkeyPatch, found: Limits, left: Limits, most: int
) -> None:
    limits = [found]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
    assert open_at_once() == most
    assert limits[-1] == left


def test_a_limit_that_cannot_be_raised_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, NONE))
    monkeypatch.setattr(resource, "setrlimit", refused)
    assert open_at_once() == 1024 - RESERVED
