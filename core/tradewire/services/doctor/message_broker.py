"""Whether the message broker between processes answers: a question of its own protocol, there and back."""

import socket
from urllib.parse import urlsplit

from tradewire.contract.errors import Unhonoured
from tradewire.services.doctor.finding import Finding, ok, warn

_NAME = "message broker"
_PORTS = {"redis": 6379, "rediss": 6379, "valkey": 6379, "valkeys": 6379, "amqp": 5672, "amqps": 5671}
_CONNECTED_WITHIN_S = 3.0
_START = "Start it again; until then work is found by looking every few seconds, and nothing is lost."
_WAKE = "Is it stopped or overloaded? " + _START.replace("Start it again; until", "Until")
_LOGIN = "Put the right user and password into dramatiq_url (TRADEWIRE_DRAMATIQ_URL)."
#: What redis and pika raise where they are not let in.
_NOT_LET_IN = (
    "AuthenticationError",
    "NoPermissionError",
    "ProbableAuthenticationError",
    "AuthorizationError",
)


def message_broker_finding(url: str | None) -> Finding:
    """One that only takes connections, as a frozen one does, answers nothing; the password in `url` is never
    shown."""
    if url is None:
        return ok(_NAME, "None is needed: messages stay in the process.")
    try:
        where = _connected(url)
    except OSError as error:
        return warn(_NAME, f"{_place(url)} does not answer: {error.strerror or error}.", _START)
    try:
        _ask(url)
    except Unhonoured as refused:
        return warn(_NAME, str(refused), _LOGIN)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer; its text may repeat the URL
        kinds = {type(one).__name__ for one in (error, error.__cause__, *error.args)}
        if kinds & set(_NOT_LET_IN):
            return warn(_NAME, f"{where} refuses the user or the password.", _LOGIN)
        text = f"{where} takes connections, and does not answer ({type(error).__name__})."
        return warn(_NAME, text, _WAKE)
    return ok(_NAME, f"{where} answers.")


def _place(url: str) -> str:
    """Host and port, or the path of a socket; nothing of user and password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname or 'localhost'}:{parts.port or _PORTS.get(parts.scheme, 6379)}"


def _connected(url: str) -> str:
    """The place, once a connection to it was taken; raises `OSError`."""
    place = _place(url)
    if not place.startswith("/"):
        host, _, port = place.rpartition(":")
        socket.create_connection((host, int(port)), timeout=_CONNECTED_WITHIN_S).close()
    return place


def _ask(url: str) -> None:
    """Raises whatever its client does where no answer comes."""
    from tradewire.engine.message_broker import Reach, make_broker

    broker = make_broker(url, Reach())
    try:
        if hasattr(broker, "client"):
            broker.client.ping()
        else:
            # Its connection is made when it is asked for, and is one only after the other side has said so.
            _ = broker.connection  # type: ignore[attr-defined]
    finally:
        broker.close()
