"""The line before the writer."""

from tradewire.store.waiting import Line


def test_a_line_that_is_closed_is_given_no_rest() -> None:
    line = Line(10)
    line.close()
    # Longer than a test may take.
    line.rest(600.0)
    assert line.take(10) is None
