"""What was mistyped is told with what was probably meant, or with the range that an option takes."""

import pytest

from core.cli.conftest import Cli
from tradewire.cli.ranges import MOST_ITEMS
from tradewire.services.paging import MOST

A_MULTIPLIER = "is a number above 0 and at most 1000, such as 0.5 for half of what algorithms ask for, not"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("statsu", 'There is no command "statsu". Did you mean "status"?'),
        ("sginals --follow", 'There is no command "sginals". Did you mean "signals"?'),
        ("frobnicate", 'There is no command "frobnicate". `tradewire --help`'),
        ("key nwe", 'Did you mean "new"?'),
        ("orders --state fild", 'Did you mean "filled"?'),
        ("up --port 99999", "--port is a whole number from 0 to 65535, not 99999."),
        ("serve --port 65536", "--port is a whole number from 0 to 65535, not 65536."),
        ("worker --port -1", "--port is a whole number from 0 to 65535, not -1."),
        ("up --port many", "--port is a whole number, not many."),
        ("signals --limit 0", "--limit is a whole number from 1 to 500, not 0."),
        ("orders --limit 501", "--limit is a whole number from 1 to 500, not 501."),
        ("audit export --first 0", "--first is a whole number of at least 1, not 0."),
        ("account set paper --multiplier 0", f"--multiplier {A_MULTIPLIER} 0."),
        ("account change paper --multiplier 1001", f"--multiplier {A_MULTIPLIER} 1001."),
        ("account add paper --multiplier half", f"--multiplier {A_MULTIPLIER} half."),
        ("order resolve a3 --filled 0 --price 1", "--filled is a number above 0, such as 187.25, not 0."),
        ("order resolve a3 --filled 1 --price NaN", "--price is a number above 0, such as 187.25, not NaN."),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence_and_exit_2(cli: Cli, typed: str, told: str) -> None:
    refused = cli(*typed.split())
    assert (refused.code, refused.out) == (2, "")
    assert told in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_command_takes_as_many_items_as_the_api_gives() -> None:
    assert MOST_ITEMS == MOST
