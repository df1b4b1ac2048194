import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire.security import keys, tokens
from tradewire.security.checked_token import ALPHABET, checksum
from tradewire.security.redaction import redact

SAMPLE = keys.new_key()


def test_a_key_has_its_prefix_32_random_characters_and_6_of_checksum() -> None:
    assert re.fullmatch(r"tw_live_[0-9A-Za-z]{38}", keys.new_key())
    assert len(keys.new_key()) == keys.LENGTH == 46


def test_an_api_token_has_the_same_shape_and_another_prefix() -> None:
    token = tokens.new_token()
    assert re.fullmatch(r"tw_api_[0-9A-Za-z]{38}", token)
    assert tokens.has_valid_checksum(token)
    assert not keys.has_valid_checksum(token)
    assert tokens.last4(token) == token[-4:]


def test_new_keys_differ() -> None:
    assert len({keys.new_key() for _ in range(100)}) == 100


@pytest.mark.parametrize("position", range(len(SAMPLE)))
def test_every_wrong_character_is_found(position: int) -> None:
    for character in ALPHABET + "_-. é":
        if character != SAMPLE[position]:
            assert not keys.has_valid_checksum(SAMPLE[:position] + character + SAMPLE[position + 1 :])


@pytest.mark.parametrize("position", range(len(SAMPLE)))
def test_every_missing_and_every_doubled_character_is_found(position: int) -> None:
    assert not keys.has_valid_checksum(SAMPLE[:position] + SAMPLE[position + 1 :])
    assert not keys.has_valid_checksum(SAMPLE[:position] + SAMPLE[position] + SAMPLE[position:])


@pytest.mark.parametrize("position", range(len(SAMPLE) - 1))
def test_every_swap_of_neighbours_is_found(position: int) -> None:
    swapped = SAMPLE[:position] + SAMPLE[position + 1] + SAMPLE[position] + SAMPLE[position + 2 :]
    assert swapped == SAMPLE or not keys.has_valid_checksum(swapped)


def test_the_checksum_of_a_known_key_never_changes() -> None:
    assert checksum("tw_live_" + "0" * 32) == "3ODSsR"


@given(before=st.binary(max_size=40), after=st.binary(max_size=40).filter(lambda raw: not raw[:1].isalnum()))
def test_a_key_is_found_anywhere_in_raw_bytes(before: bytes, after: bytes) -> None:
    assert SAMPLE in keys.find_keys(before + SAMPLE.encode() + after)


def test_a_key_is_found_behind_json_escapes() -> None:
    raw = SAMPLE.replace("l", "\\u006c", 1).encode()
    assert keys.find_keys(b'{"apiKey": "' + raw + b'"}') == [SAMPLE]


def test_a_key_that_stands_twice_is_found_once() -> None:
    assert keys.find_keys(f"{SAMPLE} {SAMPLE}".encode()) == [SAMPLE]


def test_a_longer_or_shorter_run_of_characters_is_no_key() -> None:
    assert keys.find_keys((SAMPLE + "x").encode()) == []
    assert keys.find_keys(SAMPLE[:-1].encode()) == []


def test_a_key_of_wrong_checksum_is_found_as_well() -> None:
    wrong = SAMPLE[:-1] + ("A" if SAMPLE[-1] != "A" else "B")
    assert keys.find_keys(wrong.encode()) == [wrong]


def test_the_last_4_of_something_short_are_not_shown() -> None:
    assert keys.last4(SAMPLE) == SAMPLE[-4:]
    assert keys.last4("tw_live_abcd") == ""


@given(
    parts=st.lists(
        st.binary(max_size=20)
        | st.sampled_from([SAMPLE, SAMPLE[:-3], SAMPLE + "x", SAMPLE.upper(), tokens.new_token()]).map(
            str.encode
        ),
        max_size=6,
    )
)
def test_redacted_bytes_hold_no_key(parts: list[bytes]) -> None:
    redacted = redact(b'"'.join(parts))
    assert not keys.find_keys(redacted)
    assert SAMPLE[8:30].encode() not in redacted
    assert redact(redacted) == redacted


def test_a_redacted_key_keeps_its_prefix_and_last_4() -> None:
    raw = b'{"apiKey": "' + SAMPLE.encode() + b'", "qty": 1}'
    assert redact(raw).decode() == f'{{"apiKey": "tw_live_…{SAMPLE[-4:]}", "qty": 1}}'


def test_a_short_key_like_token_is_masked_whole() -> None:
    assert redact(b"tw_live_secret").decode() == "tw_live_…"


@pytest.mark.parametrize(("written", "escaped"), [("_", "\\u005f"), ("_", "%5f"), ("w", "%77"), ("t", "%74")])
def test_a_key_behind_escapes_of_json_or_a_url_is_redacted(written: str, escaped: str) -> None:
    raw = SAMPLE.replace(written, escaped).encode()
    assert redact(raw).decode() == f"tw_live_…{SAMPLE[-4:]}"


def test_escapes_that_hide_no_key_stay_as_they_are() -> None:
    raw = rb'{"comment": "stop 2%50 \u0041", "x": "tw_live_short"}'
    assert redact(raw) == raw.replace(b"tw_live_short", "tw_live_…".encode())


@given(raw=st.binary())
def test_bytes_without_a_key_are_left_as_they_are(raw: bytes) -> None:
    assert redact(raw) == raw


def test_a_key_without_its_prefix_is_shortened_and_other_texts_of_its_length_are_kept() -> None:
    bare = keys.new_key().removeprefix("tw_live_")
    other = "a" * len(bare)
    told = redact(f'{{"x": "{bare}", "y": "{other}"}}'.encode()).decode()
    assert told == f'{{"x": "…{bare[-4:]}", "y": "{other}"}}'
