"""How the public address is reached: names, connections and certificates, each replaceable by a test."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from tradewire.domain.base import Struct

#: TradingView gives up after 3 seconds.
PATIENCE_S = 3.0
#: An answer that comes a byte at a time is cut off after so long.
WHOLE_ANSWER_S = 10.0
_MOST_BODY = 64 * 1024


class Addresses(Struct):
    """What a name leads to; IPv6 is of no use to TradingView."""

    v4: tuple[str, ...] = ()
    v6: tuple[str, ...] = ()


class Reply(Struct):
    """`seconds` from the request's first byte to the answer's last."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Ways:
    """To the public address over the network as it is."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        resolve: Callable[[str], Addresses] | None = None,
        dial: Callable[[str, int], socket.socket] | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._monotonic = monotonic
        self.resolve = resolve or resolve_name
        self._dial = dial or _dial
        self._trust = trust or ssl.create_default_context()

    def connect(self, address: str, port: int, host: str, *, tls: bool) -> socket.socket:
        """A connection to `address`, with a certificate for `host`; raises `OSError`."""
        plain = self._dial(address, port)
        if not tls:
            return plain
        try:
            return self._trust.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def ask(
        self, connection: socket.socket, host: str, method: str, path: str, body: bytes | None = None
    ) -> Reply:
        """One request over `connection`, which it closes; raises `OSError`, `http.client.HTTPException`."""
        client = http.client.HTTPConnection(host, timeout=PATIENCE_S)
        client.sock = connection
        begun = self._monotonic()
        headers = {"Host": host, "User-Agent": "tradewire doctor", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        cut = threading.Timer(WHOLE_ANSWER_S, _cut, (connection,))
        cut.start()
        try:
            client.request(method, path, body=body, headers=headers)
            answer = client.getresponse()
            content = answer.read(_MOST_BODY)
            return Reply(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.getheaders()},
                body=content,
                seconds=self._monotonic() - begun,
            )
        finally:
            cut.cancel()
            client.close()


def resolve_name(host: str) -> Addresses:
    """Every address of a name, or the address itself; raises `OSError` where there is none."""
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    v6 = {one for one in found if ip_address(one.partition("%")[0]).version == 6}
    return Addresses(v4=tuple(sorted(found - v6)), v6=tuple(sorted(v6)))


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended meanwhile
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _dial(address: str, port: int) -> socket.socket:
    return socket.create_connection((address, port), timeout=PATIENCE_S)
