"""What the server refuses before a message is read: slow, silent or misdirected requests."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from core.ingress.rig import Rig, Served
from tradewire.ingress.request import ANSWER_WITHIN_S
from tradewire.server.health import Check, HealthReport
from tradewire.settings import ServerSettings, Settings


@pytest.fixture
def impatient(sqlite_database_url: str) -> Iterator[Served]:
    server = ServerSettings(port=0, header_timeout_s=0.3, body_timeout_s=0.3)
    rig = Rig(sqlite_database_url, settings=Settings(server=server))
    with Served(rig) as running:
        yield running
    rig.store.close()


def connect(served: Served) -> socket.socket:
    return socket.create_connection((served.at.host, served.at.port), timeout=20)


def everything(connection: socket.socket) -> bytes:
    """What the server sends until it closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("start", [b"", b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\nX-"])
def test_headers_that_do_not_come_end_the_connection(impatient: Served, start: bytes) -> None:
    with closing(connect(impatient)) as connection:
        connection.sendall(start)
        assert everything(connection) == b""


@pytest.mark.parametrize("length", [b"Content-Length: 500", b"Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_is_a_408_and_a_valid_keys_start_is_kept(
    impatient: Served, length: bytes
) -> None:
    body = impatient.rig.message()
    part = body if length.startswith(b"Content") else b"%x\r\n%s\r\n" % (len(body), body)
    with closing(connect(impatient)) as connection:
        connection.sendall(
            b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n\r\n" + part
        )
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"kind":"too_slow"' in answer
    assert impatient.rig.statuses() == ["invalid"]


@pytest.mark.parametrize(
    ("header", "frame"),
    [(b"Content-Length: 500", b"%b"), (b"Transfer-Encoding: chunked", b"%x\r\n%b\r\nZZ\r\n")],
)
def test_what_was_cut_off_never_runs_and_stands_in_the_log_with_a_valid_key(
    served: Served, header: bytes, frame: bytes
) -> None:
    body = served.rig.message()
    part = frame % ((len(body), body) if b"%x" in frame else (body,))
    with closing(connect(served)) as connection:
        connection.sendall(
            b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n" + part
        )
        connection.shutdown(socket.SHUT_WR)
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"kind":"gone"' in answer
    assert served.rig.statuses() == ["invalid"]


def test_five_hundred_silent_connections_do_not_keep_a_message_waiting(served: Served) -> None:
    silent = [connect(served) for _ in range(500)]
    answer = served.post(served.rig.message())
    for connection in silent:
        connection.close()
    assert answer.json()["status"] == "accepted"


@pytest.mark.parametrize(
    "request_line",
    [
        b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /api/tradingview/webhook HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/tradingview/webhook\xff HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST /api/tradingview/webhook HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x00" * 100 + b"\r\n\r\n",
    ],
)
def test_a_malformed_request_is_a_4xx_or_a_closed_connection(served: Served, request_line: bytes) -> None:
    with closing(connect(served)) as connection:
        connection.sendall(request_line)
        try:
            answer = everything(connection)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert served.post(served.rig.message()).json()["status"] == "accepted"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_another_method_than_post_is_a_405_with_a_hint(served: Served, method: str) -> None:
    answer = served.client.request(method, "/api/tradingview/webhook")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert method == "HEAD" or "takes POST only" in answer.json()["error"]


def test_an_unknown_address_is_a_404_that_names_the_right_one(served: Served) -> None:
    answer = served.post(b"{}", path="/webhook")
    assert (answer.status_code, "/api/tradingview/webhook" in answer.json()["error"]) == (404, True)


def test_health_is_200_or_503_with_its_checks(served: Served) -> None:
    assert served.client.get("/health").json() == {"status": "ok", "checks": []}
    check = Check(name="accounts", ok=False, detail="paper has waited for 12 s", age_s=12.0)
    served.rig.health = HealthReport(checks=(check,))
    answer = served.client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["checks"] == [
        {"name": "accounts", "ok": False, "detail": "paper has waited for 12 s", "age_s": 12.0}
    ]


def test_metrics_count_answers_by_kind_and_never_by_what_was_sent(served: Served) -> None:
    served.post(served.rig.message(symbol="MARKED"))
    served.post(served.rig.message(symbol="MARKED"))
    served.post(b"{}", path="/api/MARKED/webhook")
    served.rig.health = HealthReport(checks=(Check(name="accounts", ok=True, age_s=1.5),))
    text = served.client.get("/metrics").text
    assert 'tradewire_webhook_answers_total{kind="accepted",status="200"} 1.0' in text
    assert 'tradewire_webhook_answers_total{kind="duplicate",status="200"} 1.0' in text
    assert "tradewire_accept_seconds_count 1.0" in text
    assert 'tradewire_queue_age_seconds{check="accounts"} 1.5' in text
    assert "MARKED" not in text


def test_the_defaults_leave_the_store_some_of_two_and_a_half_seconds() -> None:
    assert ServerSettings().body_timeout_s < ANSWER_WITHIN_S < 2.5
