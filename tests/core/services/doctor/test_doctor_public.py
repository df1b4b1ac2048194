"""The public address, tried against real servers with a certificate of their own."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tradewire.runtime.clock import SystemClock
from tradewire.server.webhook import WRONG_METHOD
from tradewire.services.doctor.finding import Finding, Status
from tradewire.services.doctor.public import public_findings
from tradewire.services.doctor.reaching import Addresses, Ways

NAME = "relay.example.com"
GLOBAL = "93.184.215.14"
POST_ONLY = (405, {}, ('{"error": "' + WRONG_METHOD + '"}').encode())
WRONG_KEY = (401, {}, b'{"status":"unauthorized","error":"Invalid API Key","kind":"unknown","message":"No."}')

Answer = tuple[int, dict[str, str], bytes]


class Site:
    """A server that answers GET and POST as it is told."""

    def __init__(self, get: Answer, post: Answer, certificate: Path | None) -> None:
        self.hosts: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(get)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self._answer(post)

            def _answer(self, answer: Answer) -> None:
                site.hosts.append(self.headers["host"])
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A visitor who turns the certificate down is no error here.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = NAME, days: int = 90) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = SystemClock().now()
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days, hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        file = tmp_path / f"{name}-{days}.pem"
        file.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return file

    return make


@pytest.fixture
def visit(certificate: Callable[..., Path]) -> Iterator[Callable[..., dict[str, Finding]]]:
    """`visit(url, get=…, post=…)`: the findings by name; every address leads to the site in this test."""
    sites: list[Site] = []

    def visited(
        url: str = f"https://{NAME}",
        *,
        get: Answer = POST_ONLY,
        post: Answer = WRONG_KEY,
        addresses: Addresses | None = None,
        days: int = 90,
        name: str = NAME,
        trusted: bool = True,
    ) -> dict[str, Finding]:
        file = certificate(name, days)
        site = Site(get, post, file if url.startswith("https") else None)
        sites.append(site)
        trust = ssl.create_default_context(cafile=str(file)) if trusted else ssl.create_default_context()
        ways = Ways(
            SystemClock().monotonic,
            resolve=lambda _: addresses or Addresses(v4=(GLOBAL,)),
            dial=lambda address, port: socket.create_connection(("127.0.0.1", site.port), timeout=3),
            trust=trust,
        )
        findings = public_findings(url, SystemClock(), ways)
        assert set(site.hosts) <= {NAME, f"{NAME}:8443"}
        return {one.name: one for one in findings}

    yield visited
    for site in sites:
        site.close()


Visit = Callable[..., dict[str, Finding]]


def test_a_tradewire_as_tradingview_needs_it_passes(visit: Visit) -> None:
    found = visit()
    assert [one.status for one in found.values()] == [Status.OK] * len(found)
    assert found.keys() == {"public URL", "name", "certificate", "answer", "clock", "webhook"}
    assert "90 more days" in found["certificate"].detail


def test_plain_http_on_port_80_is_a_warning(visit: Visit) -> None:
    found = visit(f"http://{NAME}")
    assert found["public URL"].status is Status.WARN
    assert found["webhook"].status is Status.OK


def test_another_port_fails(visit: Visit) -> None:
    assert visit(f"https://{NAME}:8443")["public URL"].status is Status.FAIL


@pytest.mark.parametrize(
    "url", ["relay.example.com", "ftp://x", "https://me:pw@x", "https://x:port", "https://"]
)
def test_what_is_no_address_is_said_so(visit: Visit, url: str) -> None:
    found = visit(url)
    assert [one.status for one in found.values()] == [Status.FAIL]
    assert "pw" not in str(found)


def test_a_name_with_ipv6_alone_fails(visit: Visit) -> None:
    found = visit(addresses=Addresses(v6=("2001:db8::7",)))
    assert (found["name"].status, "IPv4" in found["name"].advice) == (Status.FAIL, True)
    assert "answer" not in found


def test_a_name_that_leads_into_ones_own_network_fails(visit: Visit) -> None:
    assert visit(addresses=Addresses(v4=("192.168.1.7",)))["name"].status is Status.FAIL


def test_a_name_that_is_not_found_fails() -> None:
    def nothing(host: str) -> Addresses:
        raise socket.gaierror(-2, "Name or service not known")

    ways = Ways(SystemClock().monotonic, resolve=nothing)
    found = public_findings(f"https://{NAME}", SystemClock(), ways)
    assert (found[-1].name, found[-1].status) == ("name", Status.FAIL)


def test_nobody_there_fails() -> None:
    def refused(address: str, port: int) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    ways = Ways(SystemClock().monotonic, resolve=lambda _: Addresses(v4=(GLOBAL,)), dial=refused)
    found = public_findings(f"https://{NAME}", SystemClock(), ways)
    assert (found[-1].name, found[-1].status) == ("connection", Status.FAIL)


def test_a_certificate_that_nobody_trusts_fails(visit: Visit) -> None:
    assert visit(trusted=False)["certificate"].status is Status.FAIL


def test_a_certificate_for_another_name_fails(visit: Visit) -> None:
    assert visit(name="other.example.com")["certificate"].status is Status.FAIL


def test_an_expired_certificate_fails(visit: Visit) -> None:
    found = visit(days=-3)["certificate"]
    assert (found.status, "expired" in found.detail) == (Status.FAIL, True)


def test_a_certificate_that_ends_soon_is_a_warning(visit: Visit) -> None:
    assert visit(days=5)["certificate"].status is Status.WARN


@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_redirect_fails_since_it_is_not_followed(visit: Visit, status: int) -> None:
    found = visit(get=(status, {"location": "https://www.example.com/"}, b""))
    assert "https://www.example.com/" in found["redirect"].detail


def test_a_host_that_is_not_allowed_names_the_setting(visit: Visit) -> None:
    found = visit(get=(421, {}, b'{"error":"This server does not answer for that Host."}'))
    assert "server.allowed_hosts" in found["host"].advice


def test_a_proxy_without_a_tradewire_behind_it_fails(visit: Visit) -> None:
    assert visit(get=(502, {}, b"Bad Gateway"))["answer"].status is Status.FAIL


def test_another_program_fails(visit: Visit) -> None:
    assert visit(get=(200, {}, b"<h1>Welcome to nginx!</h1>"))["answer"].status is Status.FAIL


@pytest.mark.parametrize("answer", [(200, {}, b"{}"), (401, {}, b"Authorization Required"), (403, {}, b"no")])
def test_a_post_that_does_not_reach_tradewire_fails(visit: Visit, answer: Answer) -> None:
    assert visit(post=answer)["webhook"].status is Status.FAIL


def test_a_tradewire_that_only_tradingview_may_call_passes(visit: Visit) -> None:
    body = b'{"status":"refused","kind":"address","reason":"Only TradingView\'s addresses may send here."}'
    assert visit(post=(403, {}, body))["webhook"].status is Status.OK


def test_a_clock_that_is_far_off_is_told(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    off = "Mon, 02 Mar 2026 14:30:00 GMT"
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: off)
    assert visit()["clock"].status is Status.FAIL


def test_an_answer_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewire.services.doctor.reaching.WHOLE_ANSWER_S", 0.05)
    here, there = socket.socketpair()
    there.sendall(b"HTTP")
    with there, pytest.raises((OSError, http.client.HTTPException)):
        Ways(SystemClock().monotonic).ask(here, "relay.example.com", "GET", "/health")
