import pytest

from tradewire import Denied
from tradewire.testing import Keys, builders, load
from tradewire.testing.contracts import AuthenticatorContract
from tradewire_source_network import SourceNetwork

TABLE = {"main": ["192.0.2.0/24", "2001:db8::/32"]}


def network() -> SourceNetwork:
    found = load("tradewire_source_network", TABLE).authenticators["source_network"]
    assert isinstance(found, SourceNetwork)
    return found


class TestContract(AuthenticatorContract):
    authenticator = network()


@pytest.mark.parametrize("source", ["192.0.2.7", "2001:db8::7"])
def test_a_message_out_of_the_network_is_left_to_the_key(source: str) -> None:
    assert network().authenticate(builders.attempt(source=source), Keys()) is None


@pytest.mark.parametrize("source", ["203.0.113.9", "2001:db9::7", "unknown", ""])
def test_a_message_from_elsewhere_is_denied_and_told_where_from(source: str) -> None:
    answer = network().authenticate(builders.attempt(source=source), Keys())
    assert isinstance(answer, Denied)
    assert answer.message.startswith(
        "The key of the connection main works from 192.0.2.0/24, 2001:db8::/32 only"
    )
    assert source in answer.message


def test_a_connection_that_is_not_named_and_a_key_that_is_not_known_are_left_alone() -> None:
    other = builders.attempt("other-key", source="203.0.113.9")
    assert network().authenticate(other, Keys({"other-key": "second"})) is None
    assert network().authenticate(other, Keys()) is None


@pytest.mark.parametrize("table", [{"main": "192.0.2.0/24"}, {"main": ["192.0.2.0/240"]}])
def test_a_table_that_makes_no_sense_keeps_the_plugin_out(table: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match=r"needs a list of networks|does not appear to be"):
        load("tradewire_source_network", table)
