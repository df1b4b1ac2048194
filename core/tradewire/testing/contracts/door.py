"""What every authenticator and every provider keeps to."""

from typing import ClassVar

from tradewire.answers import sound
from tradewire.contract.authenticator import Authenticator, Caller, Denied, KeyRing
from tradewire.contract.errors import InvalidMessage
from tradewire.contract.provider import Parsed, Provider
from tradewire.testing import builders

_RUBBISH = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"null",
    b"[]",
    b"{",
    b'{"a": NaN}',
    b"\xed\xa0\x80",
    b"9" * 5000,
    b"[" * 5000,
    " \u202e\u0000 ".encode(),
    b"<html></html>",
)


class AuthenticatorContract:
    """An authenticator answers any attempt with a caller, a denial, or nothing to say."""

    authenticator: ClassVar[Authenticator]
    keys: ClassVar[KeyRing] = builders.Keys()

    def test_it_has_a_name(self) -> None:
        assert self.authenticator.name.isidentifier()

    def test_it_answers_any_attempt_and_the_same_twice(self) -> None:
        for key in (None, "", " ", "the-key", "another", "\u0000\ud800"):
            for source in ("192.0.2.7", "2001:db8::7", "unknown", ""):
                attempt = builders.attempt(key, source=source)
                answer = self.authenticator.authenticate(attempt, self.keys)
                assert answer is None or isinstance(answer, Caller | Denied)
                assert self.authenticator.authenticate(attempt, self.keys) == answer

    def test_a_denial_never_repeats_the_key(self) -> None:
        for source in ("192.0.2.7", "203.0.113.9", "unknown"):
            for key in ("the-key", "another-key"):
                answer = self.authenticator.authenticate(builders.attempt(key, source=source), self.keys)
                if isinstance(answer, Denied):
                    assert key not in answer.message
                    assert answer.message.strip().endswith("."), f"{answer.message!r} is no sentence"

    def test_nobody_is_let_in_without_a_key_that_is_known(self) -> None:
        for key in (None, "", "another"):
            answer = self.authenticator.authenticate(builders.attempt(key), self.keys)
            assert not isinstance(answer, Caller)


class ProviderContract:
    """`example` is a message that the provider understands, with the key `KEY` in it where it carries one."""

    provider: ClassVar[Provider]
    example: ClassVar[bytes]

    def test_its_name_fits_into_an_address(self) -> None:
        name = self.provider.name
        assert name == name.lower()
        assert name.replace("-", "").replace("_", "").isalnum()

    def test_it_understands_its_example_and_the_same_twice(self) -> None:
        parsed = sound(self.provider.parse(self.example, {}), Parsed)
        assert self.provider.parse(self.example, {}) == parsed
        assert parsed.message.strategy_id

    def test_the_key_is_not_in_the_message(self) -> None:
        parsed = self.provider.parse(self.example, {})
        if parsed.key:
            assert parsed.key not in repr(parsed.message)

    def test_what_it_does_not_understand_is_refused_with_a_reason(self) -> None:
        for body in (*_RUBBISH, self.example[:-1] + b"\x00", self.example + b"\xff"):
            reason = _refused(self.provider, body)
            assert reason is None or reason.strip().endswith("."), f"{reason!r} is no sentence"


def _refused(provider: Provider, body: bytes) -> str | None:
    """Why a body is refused; None where it is understood."""
    try:
        sound(provider.parse(body, {}), Parsed)
    except InvalidMessage as refusal:
        return refusal.reason
    return None
