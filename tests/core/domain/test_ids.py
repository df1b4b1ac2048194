"""Signals are numbered by the time of their acceptance, and never alike."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tradewire.domain.ids import signal_id

AT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def test_signals_of_one_moment_are_told_apart() -> None:
    assert len({signal_id(AT) for _ in range(2_000)}) == 2_000


def test_a_signals_id_is_a_uuid_of_version_7_that_sorts_by_time() -> None:
    earlier, later = signal_id(AT), signal_id(AT + timedelta(milliseconds=1))
    assert UUID(earlier).version == 7
    assert earlier < later
