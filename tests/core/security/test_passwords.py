import pytest

from tradewire.security import passwords


def test_a_password_is_verified_against_its_own_hash_only() -> None:
    stored = passwords.hash_password("correct horse battery")
    assert passwords.verify_password("correct horse battery", stored)
    assert not passwords.verify_password("correct horse batterz", stored)


def test_the_hash_is_argon2id_with_at_least_19_mib_and_2_passes() -> None:
    stored = passwords.hash_password("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_two_hashes_of_one_password_differ() -> None:
    assert passwords.hash_password("correct horse") != passwords.hash_password("correct horse")


def test_nobodys_password_is_never_right() -> None:
    assert not passwords.verify_password("nobody's password", None)


def test_a_damaged_hash_fits_no_password() -> None:
    assert not passwords.verify_password("correct horse", "$argon2id$broken")


def test_an_endless_password_is_wrong_even_where_its_beginning_is_right() -> None:
    stored = passwords.hash_password("x" * passwords.MAX_LENGTH)
    assert not passwords.verify_password("x" * (passwords.MAX_LENGTH + 1), stored)


@pytest.mark.parametrize(("password", "words"), [("short", "at least 10"), ("x" * 2000, "at most 1024")])
def test_a_password_of_the_wrong_length_is_not_taken(password: str, words: str) -> None:
    assert words in (passwords.problem_with(password) or "")
    assert passwords.problem_with("long enough for this") is None
