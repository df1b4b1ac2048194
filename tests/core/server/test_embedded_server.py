"""The server inside our own process: its port, its end, its signals, its certificate."""

import asyncio
import datetime
import signal
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from litestar import get

from core.ingress.rig import Rig, Served
from tradewire.contract.errors import Unhonoured
from tradewire.server.app import create_app
from tradewire.server.connections import MOST
from tradewire.server.embedded import ListeningAt, serve
from tradewire.server.health import HealthReport
from tradewire.settings import ServerSettings, Settings


def with_server(rig: Rig, **changes: Any) -> Settings:
    return msgspec.structs.replace(
        rig.settings, server=msgspec.structs.replace(rig.settings.server, **changes)
    )


def test_port_zero_finds_a_free_port_for_each_server(rig: Rig) -> None:
    with Served(rig) as first, Served(rig) as second:
        assert first.at.port != second.at.port
        assert first.client.get("/health").status_code == 200
        assert second.client.get("/health").status_code == 200


@pytest.mark.parametrize(("files", "said"), [(768, True), (MOST, False)])
def test_few_files_are_told_of_in_the_log(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, files: int, said: bool
) -> None:
    monkeypatch.setattr("tradewire.server.embedded.open_at_once", lambda: files)
    with Served(rig) as served:
        assert served.client.get("/health").status_code == 200
    assert ("768 connections may be open at once" in caplog.text) is said


def test_a_port_in_use_is_refused_in_words(rig: Rig) -> None:
    with Served(rig) as first:
        rig.settings = with_server(rig, port=first.at.port)
        with pytest.raises(Unhonoured, match=f"Port {first.at.port} .* in use"), Served(rig):
            pass
        assert first.client.get("/health").status_code == 200


@pytest.mark.parametrize("may_share", [True, False])
def test_a_port_in_use_may_be_shared_where_several_may_listen(rig: Rig, may_share: bool) -> None:
    async def second(settings: ServerSettings) -> None:
        app = create_app(door=rig.door, clock=rig.clock, settings=settings, health=HealthReport)
        stop = asyncio.Event()
        await serve(app, settings, stop=stop, on_ready=lambda _: stop.set(), may_share=may_share)

    with Served(rig) as first:
        there = with_server(rig, port=first.at.port).server
        with pytest.raises(Unhonoured) as refused:
            asyncio.run(second(there))
        assert ("`--share-port` lets both listen" in str(refused.value)) is may_share
        asyncio.run(second(msgspec.structs.replace(there, share_port=True)))


def test_a_port_that_someone_holds_alone_cannot_be_shared(rig: Rig) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as alone:
        there = with_server(rig, port=alone.getsockname()[1], share_port=True).server
        app = create_app(door=rig.door, clock=rig.clock, settings=there, health=HealthReport)
        with pytest.raises(Unhonoured, match=r"choose another port\.$"):
            asyncio.run(serve(app, there, stop=asyncio.Event(), on_ready=lambda _: None, may_share=True))


def test_an_address_of_another_machine_is_refused_in_words(rig: Rig) -> None:
    rig.settings = with_server(rig, host="192.0.2.1")
    with pytest.raises(Unhonoured, match=r"cannot listen at 192\.0\.2\.1"), Served(rig):
        pass


def test_after_the_end_nobody_listens(rig: Rig) -> None:
    with Served(rig) as served:
        at = served.at
        served.client.get("/health")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((at.host, at.port), timeout=30)


def test_what_runs_is_finished_before_the_end_and_what_comes_later_is_503(rig: Rig) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @get("/slow")
    async def slow() -> str:
        begun.set()
        await go_on.wait()
        return "finished"

    async def scene() -> tuple[httpx.Response, httpx.Response]:
        app = create_app(
            door=rig.door,
            clock=rig.clock,
            settings=rig.settings.server,
            health=HealthReport,
            route_handlers=[slow],
        )
        stop, ready = asyncio.Event(), asyncio.Event()
        at: list[ListeningAt] = []
        serving = asyncio.ensure_future(
            serve(
                app, rig.settings.server, stop=stop, on_ready=lambda where: (at.append(where), ready.set())[1]
            )
        )
        await ready.wait()
        async with httpx.AsyncClient(base_url=at[0].url, trust_env=False) as client:
            running = asyncio.ensure_future(client.get("/slow"))
            await begun.wait()
            stop.set()
            await app.stopping.wait()
            late = await client.post("/api/tradingview/webhook", content=rig.message())
            go_on.set()
            done = await running
        await serving
        return done, late

    done, late = asyncio.run(scene())
    assert (done.status_code, done.text) == (200, "finished")
    assert (late.status_code, late.headers["retry-after"]) == (503, "5")
    assert rig.signals() == []


def test_signal_handlers_stay_ours(rig: Rig) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Served(rig):
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, private


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_makes_it_https_from_tls_1_2_on(
    rig: Rig, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    cert, private = certificate(tmp_path)
    rig.settings = with_server(rig, ssl_cert=str(cert), ssl_key=str(private))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    with Served(rig) as served:
        assert served.at.url.startswith("https://")
        with httpx.Client(verify=context, trust_env=False) as client:
            answer = client.post(f"{served.at.url}/api/tradingview/webhook", content=rig.message())
    assert answer.json()["status"] == "accepted"


def test_a_certificate_that_is_none_is_refused_in_words(rig: Rig, tmp_path: Path) -> None:
    cert, private = certificate(tmp_path)
    cert.write_text("nonsense")
    rig.settings = with_server(rig, ssl_cert=str(cert), ssl_key=str(private))
    with pytest.raises(Unhonoured, match=r"The certificate .* cannot be used"), Served(rig):
        pass


def test_a_route_of_another_part_that_fails_says_so_without_the_reason(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    @get("/broken", sync_to_thread=False)
    def broken() -> str:
        raise RuntimeError(f"cannot use {rig.key}")

    with Served(rig, route_handlers=[broken]) as served:
        answer = served.client.get("/broken")
    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert "cannot use" in caplog.text
    assert rig.key not in caplog.text + answer.text


def test_a_host_that_is_not_allowed_gets_nothing_from_any_route(rig: Rig) -> None:
    rig.settings = with_server(rig, allowed_hosts=("relay.example.com",))
    with Served(rig) as served:
        assert served.client.get("/health", headers={"Host": "rebound.example.net"}).status_code == 421
        assert served.client.get("/health").status_code == 200
        assert served.client.get("/health", headers={"Host": "relay.example.com"}).status_code == 200


def test_a_server_on_all_addresses_is_reachable(rig: Rig) -> None:
    rig.settings = with_server(rig, host="0.0.0.0")
    with Served(rig) as served, closing(socket.create_connection(("127.0.0.1", served.at.port), timeout=30)):
        assert served.at.url == f"http://0.0.0.0:{served.at.port}"
