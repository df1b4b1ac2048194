"""Whatever is posted: a 4xx that says why, never a 500, and with a valid key it stands in the Signal Log."""

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ingress.rig import Rig, Served
from tradewire.settings import ServerSettings, Settings

KEY = b"@KEY@"
HEAD = b'{"apiKey":"@KEY@","strategyId":"s1","symbol":"AAPL","action":"BUY",'

BODIES = {
    "deep lists": HEAD + b'"qty":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep objects": HEAD + b'"extras":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    "NaN": HEAD + b'"qty":NaN}',
    "Infinity": HEAD + b'"qty":Infinity}',
    "a huge integer": HEAD + b'"qty":' + b"9" * 5000 + b"}",
    "a huge exponent": HEAD + b'"qty":1e999999999}',
    "a tiny exponent": HEAD + b'"qty":1e-999999999}',
    "a huge integer in a text": HEAD + b'"qty":"' + b"9" * 5000 + b'"}',
    "a negative quantity": HEAD + b'"qty":-1}',
    "a quantity that is a list": HEAD + b'"qty":[1]}',
    "a quantity that is true": HEAD + b'"qty":true}',
    "a name twice": HEAD + b'"qty":1,"qty":1000}',
    "the key twice": HEAD + b'"qty":1,"apiKey":"other"}',
    "NUL in a text": HEAD + b'"qty":1,"comment":"a\\u0000b"}',
    "NUL raw": HEAD + b'"qty":1,"comment":"a\x00b"}',
    "NUL at the end": HEAD + b'"qty":1}\x00',
    "a lone surrogate": HEAD + b'"qty":1,"comment":"\\ud800"}',
    "a lone surrogate in the strategy": b'{"apiKey":"@KEY@","strategyId":"\\udfff","symbol":"AAPL","qty":1}',
    "bytes that are not UTF-8": HEAD + b'"qty":1,"comment":"\xff\xfe"}',
    "an unfilled placeholder": HEAD + b'"qty":"{{strategy.order.contracts}}"}',
    "no strategy": b'{"apiKey":"@KEY@","symbol":"AAPL","action":"BUY","qty":1}',
    "an unknown action": HEAD.replace(b"BUY", b"HODL") + b'"qty":1}',
    "half of it": HEAD + b'"qty"',
    "two messages": HEAD + b'"qty":1}' + HEAD + b'"qty":1}',
    "a list": b'["@KEY@"]',
    "a text": b'"@KEY@"',
    "a number beside the key": b"1 @KEY@",
    "form data": b"apiKey=@KEY@&symbol=AAPL",
    "XML": b"<order><apiKey>@KEY@</apiKey></order>",
    "a line of text": b"BUY 10 AAPL @KEY@",
    "a key that is no text": b'{"apiKey":1,"strategyId":"s1","symbol":"AAPL","qty":1,"comment":"@KEY@"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_message_with_a_valid_key_is_a_400_and_stands_in_the_signal_log(
    served: Served, name: str
) -> None:
    rig = served.rig
    answer = served.post(BODIES[name].replace(KEY, rig.key.encode()))
    (row,) = rig.signals()
    assert answer.status_code == 400
    assert answer.json()["id"] == row.id
    assert answer.json()["reason"]
    assert row.status == "invalid"
    assert rig.key.encode() not in row.raw
    assert len(row.raw) <= rig.settings.server.body_limit


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_message_without_a_key_is_a_4xx_and_nothing_is_stored_of_it(served: Served, name: str) -> None:
    answer = served.post(BODIES[name].replace(KEY, b""))
    assert answer.status_code in (400, 401)
    assert served.rig.signals() == []


def test_a_bom_is_no_fault(served: Served) -> None:
    assert served.post(b"\xef\xbb\xbf" + served.rig.message()).json()["status"] == "accepted"


def test_a_key_hidden_behind_escapes_is_known_and_never_stored(served: Served) -> None:
    rig = served.rig
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in rig.key)
    answer = served.post(rig.message().replace(rig.key.encode(), hidden.encode()))
    (row,) = rig.signals()
    assert answer.json()["status"] == "accepted"
    assert hidden.encode() not in row.raw
    assert rig.key.encode() not in row.raw


@pytest.mark.parametrize("chunked", [False, True])
def test_a_message_beyond_the_limit_is_413_with_and_without_a_content_length(
    served: Served, chunked: bool
) -> None:
    rig = served.rig
    body = rig.message(comment="x" * 70_000)

    def parts() -> Iterator[bytes]:
        for start in range(0, len(body), 8_000):
            yield body[start : start + 8_000]

    answer = served.client.post("/api/tradingview/webhook", content=parts() if chunked else body)
    (row,) = rig.signals()
    assert answer.status_code == 413
    assert answer.json() == {
        "status": "refused",
        "kind": "too_large",
        "reason": "The message is larger than 65536 bytes.",
        "id": row.id,
    }
    assert (row.status, len(row.raw) <= 65_536) == ("invalid", True)
    assert rig.key.encode() not in row.raw


def test_a_message_of_exactly_the_limit_is_read(served: Served) -> None:
    body = served.rig.message()
    assert served.post(body + b" " * (65_536 - len(body))).json()["status"] == "accepted"
    assert served.post(body + b" " * (65_537 - len(body))).status_code == 413


def test_a_compressed_body_is_refused_by_name(served: Served) -> None:
    answer = served.post(gzip.compress(served.rig.message()), Content_Encoding="gzip")
    assert (answer.status_code, answer.json()["kind"]) == (415, "encoding")


@pytest.mark.parametrize(
    "path",
    [
        "/api/%00/webhook",
        "/api/tradingview%00/webhook",
        "/api/%ED%A0%80/webhook",
        "/api/../webhook",
        "/api/" + "x" * 3000 + "/webhook",
        "/api/tradingview/webhook/a/b/c/d",
        "/api/'%20OR%201=1/webhook",
        "/api//webhook",
    ],
)
def test_a_strange_address_is_a_4xx(served: Served, path: str) -> None:
    answer = served.post(served.rig.message(), path=path)
    assert 400 <= answer.status_code < 500
    assert "accepted" not in served.rig.statuses()


@pytest.fixture
def strict(database_url: str) -> Iterator[Served]:
    server = ServerSettings(port=0, allowed_hosts=("relay.example.com",), tradingview_addresses_only=True)
    rig = Rig(database_url, settings=Settings(server=server))
    with Served(rig) as running:
        yield running
    rig.store.close()


def test_a_spoofed_host_is_refused_and_a_valid_keys_message_kept(strict: Served) -> None:
    answer = strict.post(strict.rig.message(), Host="evil.example.com")
    assert (answer.status_code, answer.json()["kind"]) == (421, "host")
    assert strict.rig.statuses() == ["invalid"]


def test_a_spoofed_forwarding_header_is_nobodys_word(strict: Served) -> None:
    answer = strict.post(strict.rig.message(), Host="relay.example.com", X_Forwarded_For="52.89.214.238")
    assert (answer.status_code, answer.json()["kind"]) == (403, "address")
    (row,) = strict.rig.signals()
    assert (row.status, row.source) == ("invalid", "127.0.0.1")


def test_a_trusted_proxys_word_counts(database_url: str) -> None:
    server = ServerSettings(port=0, trusted_proxies=("127.0.0.1",), tradingview_addresses_only=True)
    rig = Rig(database_url, settings=Settings(server=server))
    with Served(rig) as running:
        assert running.post(rig.message(), X_Forwarded_For="6.6.6.6, 52.89.214.238").status_code == 200
        assert running.post(rig.message(qty=2), X_Forwarded_For="52.89.214.238, 6.6.6.6").status_code == 403
    rig.store.close()


any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=300), at=st.integers(0, 200), keyed=st.booleans())
def test_no_bytes_at_all_are_a_500_or_get_lost(rig: Rig, junk: bytes, at: int, keyed: bool) -> None:
    body = rig.message() if keyed else b'{"strategyId":"s1","symbol":"AAPL","action":"BUY","qty":1}'
    body = body[:at] + junk + body[at:]
    before = len(rig.signals())
    answer = rig.receive(body)
    assert answer.status in (200, 400, 401)
    if rig.key.encode() + b'"' in body:
        assert len(rig.signals()) == before + 1
        assert rig.key.encode() not in rig.signals()[-1].raw


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["strategyId", "symbol", "action", "qty", "id", "time", "orderType", "stopLoss", "x"]
        ),
        any_value,
    )
)
def test_no_values_of_the_fields_are_a_500_or_get_lost(rig: Rig, fields: dict[str, object]) -> None:
    before = len(rig.signals())
    answer = rig.receive(rig.message(**fields))
    assert answer.status in (200, 400)
    assert len(rig.signals()) == before + 1
