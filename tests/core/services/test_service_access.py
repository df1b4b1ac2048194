"""Keys, the owner's password, API tokens."""

from collections.abc import Callable
from typing import Any

import pytest

from tradewire.contract.authenticator import KeyState
from tradewire.contract.errors import Unhonoured
from tradewire.domain.ledger import EntryKind
from tradewire.ledger.read import tail
from tradewire.security.keyring import KeyTable
from tradewire.services.refusal import Refused
from tradewire.services.services import Services
from tradewire.services.tokens import TokenScope
from tradewire.store.database import Store

Run = Callable[..., Any]
PASSWORD = "correct horse battery"


def kinds(store: Store) -> list[EntryKind]:
    return [entry.kind for entry in reversed(store.read_now(tail))]


def test_a_new_key_is_valid_at_once(services: Services, run: Run, key_table: KeyTable) -> None:
    made = run(services.keys.create("main", "tradingview", "test"))
    assert key_table.look_up(made.secret).state is KeyState.VALID
    assert key_table.look_up(made.secret).connection == "main"


def test_a_connection_has_one_key_that_works(services: Services, run: Run) -> None:
    run(services.keys.create("main", "tradingview", "test"))
    with pytest.raises(Refused, match="regenerate main"):
        run(services.keys.create("main", "tradingview", "test"))


def test_regenerating_invalidates_the_old_key_at_once(
    services: Services, run: Run, key_table: KeyTable
) -> None:
    old = run(services.keys.create("main", "tradingview", "test"))
    new = run(services.keys.regenerate("main", "test"))
    assert key_table.look_up(old.secret).state is KeyState.REVOKED
    assert key_table.look_up(new.secret).state is KeyState.VALID


def test_a_revoked_key_is_refused_at_once_and_can_be_followed_by_a_new_one(
    services: Services, run: Run, key_table: KeyTable
) -> None:
    old = run(services.keys.create("main", "tradingview", "test"))
    run(services.keys.revoke("main", "test"))
    assert key_table.look_up(old.secret).state is KeyState.REVOKED
    new = run(services.keys.create("main", "tradingview", "test"))
    assert key_table.look_up(new.secret).state is KeyState.VALID


def test_a_key_is_revealed_for_the_owners_password_and_the_ledger_notes_it(
    services: Services, run: Run, store: Store
) -> None:
    made = run(services.keys.create("main", "tradingview", "test"))
    run(services.owner.set_password(PASSWORD, None, "test"))
    assert run(services.keys.reveal("main", PASSWORD, "test")).secret == made.secret
    assert kinds(store)[-1] is EntryKind.KEY_REVEALED


def test_a_wrong_password_reveals_nothing(services: Services, run: Run, store: Store) -> None:
    run(services.keys.create("main", "tradingview", "test"))
    run(services.owner.set_password(PASSWORD, None, "test"))
    with pytest.raises(Refused, match="not the owner's password"):
        run(services.keys.reveal("main", "wrong", "test"))
    assert EntryKind.KEY_REVEALED not in kinds(store)


def test_without_a_password_nothing_is_revealed(services: Services, run: Run) -> None:
    run(services.keys.create("main", "tradingview", "test"))
    with pytest.raises(Refused, match="tradewire password"):
        run(services.keys.reveal("main", "", "test"))


def test_a_key_without_a_sealed_copy_cannot_be_revealed(make: Callable[..., Services], run: Run) -> None:
    services = make(revealable_keys=False)
    run(services.keys.create("main", "tradingview", "test"))
    run(services.owner.set_password(PASSWORD, None, "test"))
    with pytest.raises(Refused, match="regenerate it"):
        run(services.keys.reveal("main", PASSWORD, "test"))


def test_a_mistyped_connection_is_told_the_nearest(services: Services, run: Run) -> None:
    run(services.keys.create("main", "tradingview", "test"))
    with pytest.raises(Refused, match='Did you mean "main"'):
        run(services.keys.revoke("mian", "test"))


@pytest.mark.parametrize("name", ["", " main", "a/b", "..", "a\nb", "x" * 81])
def test_a_name_that_cannot_stand_in_an_address_is_refused(name: str, services: Services, run: Run) -> None:
    with pytest.raises(Refused, match="The name of a connection"):
        run(services.keys.create(name, "tradingview", "test"))


def test_an_unknown_provider_is_refused(services: Services, run: Run) -> None:
    with pytest.raises(Unhonoured, match="tradingview"):
        run(services.keys.create("main", "tradingvew", "test"))


def test_a_password_is_replaced_only_by_who_knows_it(services: Services, run: Run) -> None:
    run(services.owner.set_password(PASSWORD, None, "test"))
    with pytest.raises(Refused):
        run(services.owner.set_password("another good one", "wrong", "test"))
    run(services.owner.set_password("another good one", PASSWORD, "test"))
    run(services.owner.verify("another good one"))


def test_a_short_password_is_refused(services: Services, run: Run) -> None:
    with pytest.raises(Refused, match="at least"):
        run(services.owner.set_password("short", None, "test"))


def test_a_token_is_known_until_it_is_revoked(services: Services, run: Run) -> None:
    made = run(services.tokens.create("laptop", TokenScope.READ, "test"))
    assert run(services.tokens.authenticate(made.secret)) == made.token
    run(services.tokens.revoke("laptop", "test"))
    assert run(services.tokens.authenticate(made.secret)) is None


def test_a_token_with_a_typo_is_not_known(services: Services, run: Run) -> None:
    made = run(services.tokens.create("laptop", TokenScope.OWNER, "test"))
    assert run(services.tokens.authenticate(made.secret[:-1] + "?")) is None


def test_no_secret_is_in_the_ledger(services: Services, run: Run, store: Store) -> None:
    key = run(services.keys.create("main", "tradingview", "test"))
    token = run(services.tokens.create("laptop", TokenScope.OWNER, "test"))
    run(services.owner.set_password(PASSWORD, None, "test"))
    run(services.keys.reveal("main", PASSWORD, "test"))
    text = repr(store.read_now(tail))
    assert key.secret not in text
    assert token.secret not in text
    assert PASSWORD not in text
