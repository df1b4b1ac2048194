"""TLS to PostgreSQL through the URL's parameters."""

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from servers.postgres import Postgres
from tradewire.store.database import StoreUnavailable, open_store


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate that `host` signed for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    public, private = folder / f"{host}.pem", folder / f"{host}.key"
    public.write_bytes(signed.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private.chmod(0o600)
    return public, private


class TlsInFront(socketserver.ThreadingTCPServer):
    """Speaks TLS as PostgreSQL does, and passes on what it hears: not every build of it can itself."""

    daemon_threads = True

    def __init__(self, behind: int, public: Path, private: Path) -> None:
        super().__init__(("127.0.0.1", 0), Ending)
        self.behind = behind
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(public, private)
        self.port = self.server_address[1]
        self.encrypted = 0


class Ending(socketserver.BaseRequestHandler):
    server: TlsInFront

    def handle(self) -> None:
        length, request = struct.unpack(">II", self.request.recv(8))
        assert (length, request) == (8, 80877103), "the client did not ask for TLS"
        self.request.sendall(b"S")
        try:
            client = self.server.context.wrap_socket(self.request, server_side=True)
        except OSError:
            return
        self.server.encrypted += 1
        with client, socket.create_connection(("127.0.0.1", self.server.behind)) as behind:
            back = threading.Thread(target=pass_on, args=(behind, client), daemon=True)
            back.start()
            pass_on(client, behind)
            back.join()


def pass_on(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while heard := here.recv(65536):
            there.sendall(heard)
        there.shutdown(socket.SHUT_WR)


@pytest.fixture
def known(tmp_path: Path) -> tuple[Path, Path]:
    return certificate(tmp_path, "localhost")


@pytest.fixture
def front(postgres: Postgres, known: tuple[Path, Path]) -> Iterator[TlsInFront]:
    with TlsInFront(postgres.port, *known) as front:
        serving = threading.Thread(target=front.serve_forever, args=(0.01,))
        serving.start()
        yield front
        front.shutdown()
        serving.join()


def url(postgres: Postgres, front: TlsInFront, **parameters: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return postgres.url().replace(f"127.0.0.1:{postgres.port}", f"localhost:{front.port}") + f"?{query}"


def test_a_server_whose_certificate_is_known_is_spoken_to_by_tls(
    postgres: Postgres, front: TlsInFront, known: tuple[Path, Path]
) -> None:
    store = open_store(url(postgres, front, sslmode="verify-full", sslrootcert=known[0]))
    assert (store.read_now(lambda c: c.scalar(text("SELECT 1"))), front.encrypted) == (1, 1)
    store.close()


def test_a_server_with_another_certificate_is_not_spoken_to(
    postgres: Postgres, front: TlsInFront, tmp_path: Path
) -> None:
    (tmp_path / "strange").mkdir()
    strange, _ = certificate(tmp_path / "strange", "localhost")
    with pytest.raises(StoreUnavailable, match="No trusted TLS connection"):
        open_store(url(postgres, front, sslmode="verify-full", sslrootcert=strange))


def test_a_certificate_that_is_not_there_is_said(
    postgres: Postgres, front: TlsInFront, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="a file named in database_url, is not there"):
        open_store(url(postgres, front, sslmode="verify-full", sslrootcert=tmp_path / "missing.pem"))
