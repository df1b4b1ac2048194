"""Whether TradingView can reach the webhook: what it needs, tried from here in its order."""

import http.client
import secrets
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from tradewire.domain.clock import Clock
from tradewire.services.doctor.finding import Finding, fail, ok, warn
from tradewire.services.doctor.reaching import PATIENCE_S, Reply, Ways

WEBHOOK = "/api/tradingview/webhook"
#: TradingView sends to no other.
HTTPS, HTTP = 443, 80
_LOOKS = "It looks like https://relay.example.com."
_GUIDE = "See docs/guide/reach.md."
_SOON_DAYS = 14
_SLOW_S = 1.0
_APART_S = 2.0
_FAR_APART_S = 30.0


class _Failure(Exception):
    """What makes further looking useless."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def public_findings(url: str, clock: Clock, ways: Ways) -> tuple[Finding, ...]:
    """Try `url`, the address without or with the webhook's path, as TradingView would."""
    return _Visit(url, clock, ways).findings()


class _Visit:
    def __init__(self, url: str, clock: Clock, ways: Ways) -> None:
        self._url = url
        self._clock = clock
        self._ways = ways
        self._found: list[Finding] = []
        self._host = ""
        self._port = HTTPS
        self._tls = True
        self._address = ""

    def findings(self) -> tuple[Finding, ...]:
        try:
            self._read()
            self._name()
            self._certificate()
            self._get()
            self._post()
        except _Failure as stopped:
            self._found.append(stopped.finding)
        return tuple(self._found)

    def _read(self) -> None:
        try:
            parts = urlsplit(self._url)
            port = parts.port
        except ValueError as error:
            raise _Failure(fail("public URL", f"{error}.", _LOOKS)) from None
        if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
            raise _Failure(fail("public URL", "This is no address of a web server.", _LOOKS))
        self._host, self._tls = parts.hostname, parts.scheme == "https"
        self._port = port or (HTTPS if self._tls else HTTP)
        self._found.append(_scheme(parts, self._port))

    def _name(self) -> None:
        try:
            addresses = self._ways.resolve(self._host)
        except OSError as error:
            why = error.strerror or str(error)
            raise _Failure(
                fail("name", f"{self._host} is not found: {why}.", "Set its DNS A record.")
            ) from None
        if not addresses.v4:
            raise _Failure(
                fail(
                    "name",
                    f"{self._host} has IPv6 addresses only ({', '.join(addresses.v6)}).",
                    "TradingView needs IPv4: set a DNS A record.",
                )
            )
        self._address = addresses.v4[0]
        inside = [one for one in addresses.v4 if not ip_address(one).is_global]
        if inside:
            self._found.append(
                fail(
                    "name",
                    f"{self._host} leads to {', '.join(inside)}, which the internet cannot reach.",
                    "Its A record has to name this machine's public IPv4 address.",
                )
            )
        else:
            self._found.append(ok("name", f"{self._host} leads to {', '.join(addresses.v4)} (IPv4)."))

    def _connect(self) -> socket.socket:
        where = f"{self._address}, port {self._port}"
        try:
            return self._ways.connect(self._address, self._port, self._host, tls=self._tls)
        except ssl.SSLCertVerificationError as error:
            raise _Failure(
                fail(
                    "certificate",
                    f"The certificate of {self._host} is not valid: {error.verify_message}.",
                    "TradingView sends only where it is: get one for that name, such as from Let's Encrypt.",
                )
            ) from None
        except ssl.SSLError as error:
            why = error.reason or str(error)
            raise _Failure(
                fail("certificate", f"No https is spoken at {where} ({why}).", f"Put https there. {_GUIDE}")
            ) from None
        except OSError as error:
            why = error.strerror or str(error)
            raise _Failure(
                fail(
                    "connection",
                    f"{where} cannot be reached: {why}.",
                    "Is the proxy running, and does the firewall let it through? From within one's own "
                    f"network this may fail though it works from outside. {_GUIDE}",
                )
            ) from None

    def _certificate(self) -> None:
        if not self._tls:
            return
        connection = self._connect()
        try:
            told: Any = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else {}
        finally:
            connection.close()
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(told["notAfter"]), UTC)
        days = (ends - self._clock.now()).days
        sentence = f"The certificate of {self._host} is valid for {days} more days, until {ends:%Y-%m-%d}."
        if days < _SOON_DAYS:
            self._found.append(warn("certificate", sentence, "Renew it; who renews it, and did that fail?"))
        else:
            self._found.append(ok("certificate", sentence))

    def _ask(self, method: str, body: bytes | None = None) -> Reply:
        try:
            return self._ways.ask(self._connect(), self._named(), method, WEBHOOK, body)
        except (TimeoutError, OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise _Failure(
                fail(
                    "answer",
                    f"{method} {WEBHOOK} was not answered within {PATIENCE_S:.0f} s ({why}).",
                    "TradingView gives up after 3 s. Is Tradewire running behind the proxy?",
                )
            ) from None

    def _named(self) -> str:
        usual = HTTPS if self._tls else HTTP
        return self._host if self._port == usual else f"{self._host}:{self._port}"

    def _get(self) -> None:
        reply = self._ask("GET")
        self._refuse(reply)
        if reply.status != 405 or b"takes POST only" not in reply.body:
            raise _Failure(
                fail(
                    "answer",
                    f"Something else than Tradewire answers there: HTTP {reply.status} to a GET.",
                    "Does the proxy hand /api/ on to Tradewire, with its path as it is?",
                )
            )
        self._found.append(ok("answer", "Tradewire answers there, and says that it takes POST only."))
        self._clocks(reply)

    def _post(self) -> None:
        wrong = f"tw_live_{secrets.token_hex(19)}"
        reply = self._ask("POST", msgspec.json.encode({"apiKey": wrong, "strategyId": "doctor"}))
        self._refuse(reply)
        status = _word(reply.body)
        if reply.status == 403 and status == "refused":
            self._found.append(
                ok("webhook", "It takes messages from TradingView's addresses only, so it refused this one.")
            )
        elif reply.status != 401 or status != "unauthorized":
            raise _Failure(
                fail(
                    "webhook",
                    f"A message with a wrong key got HTTP {reply.status}, not Tradewire's 401.",
                    "Does the proxy change requests or answers, or ask for a password itself?",
                )
            )
        sentence = f"A message with a wrong key was refused after {reply.seconds * 1000:.0f} ms."
        if reply.seconds > _SLOW_S:
            self._found.append(
                warn("webhook", sentence, "TradingView gives up after 3 s; what takes so long?")
            )
        else:
            self._found.append(ok("webhook", sentence))

    def _refuse(self, reply: Reply) -> None:
        """Answers that TradingView can make nothing of, and why they come."""
        if 300 <= reply.status < 400:
            to = reply.headers.get("location", "another address")
            raise _Failure(
                fail(
                    "redirect",
                    f"It redirects (HTTP {reply.status}) to {to}, which TradingView does not follow.",
                    "Paste the address it leads to, or take the redirect away.",
                )
            )
        if reply.status == 421:
            raise _Failure(
                fail(
                    "host",
                    f"Tradewire does not answer for the name {self._host}.",
                    f"Set server.public_url to it, or add it to server.allowed_hosts. {_GUIDE}",
                )
            )
        if reply.status in (502, 503, 504):
            raise _Failure(
                fail(
                    "answer",
                    f"HTTP {reply.status}: the proxy does not reach Tradewire, or that is not ready.",
                    "Is Tradewire running, at the address that the proxy hands on to?",
                )
            )

    def _clocks(self, reply: Reply) -> None:
        try:
            said = parsedate_to_datetime(reply.headers["date"])
        except (KeyError, ValueError):
            return
        # A Date header has whole seconds.
        apart = max(abs((said - self._clock.now()).total_seconds()) - 1, 0.0)
        sentence = f"The clock of the answering machine and this one's are at most {apart + 1:.0f} s apart."
        if apart > _APART_S:
            make = fail if apart > _FAR_APART_S else warn
            self._found.append(make("clock", sentence, "Set both by NTP: stale signals are refused by it."))
        else:
            self._found.append(ok("clock", sentence))


def _scheme(parts: SplitResult, port: int) -> Finding:
    if parts.scheme == "http" and port == HTTP:
        return warn(
            "public URL", "It is http: keys travel readable.", f"Put https on port 443 there. {_GUIDE}"
        )
    if port != (HTTPS if parts.scheme == "https" else HTTP):
        return fail(
            "public URL",
            f"It is on port {port}; TradingView sends to 443 and 80 only.",
            f"Put a proxy on port 443 before it. {_GUIDE}",
        )
    return ok("public URL", "It is https on port 443.")


def _word(body: bytes) -> str | None:
    try:
        found = msgspec.json.decode(body, type=dict[str, Any]).get("status")
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, str) else None
