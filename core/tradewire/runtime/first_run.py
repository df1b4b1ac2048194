"""What `tradewire up` puts into an empty folder: an account on paper, an algorithm that runs, a key."""

import socket
import ssl

from tradewire.contract.errors import Unhonoured
from tradewire.domain.algorithm import AlgorithmState
from tradewire.domain.base import Struct
from tradewire.runtime.core import Core
from tradewire.services.accounts import NewAccount
from tradewire.settings import ServerSettings

ACCOUNT = "paper"
STARTING_CASH = 100_000
ALGORITHM = "my_strategy_1"
CONNECTION = "main"
PROVIDER = "tradingview"
BY = "first run"

#: The text of strategies/my_strategy_1.toml, which an installed Tradewire does not have beside it.
SAMPLE = """\
# The first algorithm: follows whatever its message says, on a paper account.
name = "my_strategy_1"
account = "paper"
symbol = "AAPL"
side = "buy"
quantity = 10
blueprint = "market"
allow_shorts = true

[signal]
id = "my_strategy_1"

[dynamic]
symbol = true
action = true
quantity = true
order = true

[validity]
kind = "gtc"

[guardians.max_position]
quantity = 1000

[guardians.max_order_notional]
notional = 100000
"""


class AlertSetup(Struct):
    """What an alert needs to know. `secret` is set on the first run only and must not be logged.

    `connection`: whose key works, None where every key is revoked. `strategy_id`: the entry signal id of a
    started algorithm, None where none is started.
    """

    first: bool
    connection: str | None
    strategy_id: str | None
    secret: str | None = None

    def __repr__(self) -> str:
        return f"AlertSetup(first={self.first}, connection={self.connection!r})"


async def prepare(core: Core) -> AlertSetup:
    """Fill an empty store, or finish what an earlier first run had begun when it was killed.

    The key comes last: where there is one, or anything that a first run does not make, nothing is touched.
    Raises `Unhonoured` where the server could not start: the key is shown once it has, and only then.
    """
    services = core.services
    accounts = {one.name for one in await services.accounts.list()}
    algorithms = {one.name: one for one in await services.algorithms.list()}
    if await services.keys.list() or accounts - {ACCOUNT} or algorithms.keys() - {ALGORITHM}:
        return await _set_up_before(core)
    _check_listening(core.settings.server)
    if ACCOUNT not in accounts:
        config = {"starting_cash": STARTING_CASH}
        await services.accounts.add(NewAccount(name=ACCOUNT, broker="paper", config=config), BY)
    if ALGORITHM not in algorithms:
        await services.algorithms.add(SAMPLE, BY)
    if ALGORITHM not in algorithms or algorithms[ALGORITHM].state is AlgorithmState.STOPPED:
        await services.algorithms.start(ALGORITHM, BY)
    key = await services.keys.create(CONNECTION, PROVIDER, BY)
    return AlertSetup(first=True, connection=CONNECTION, strategy_id=ALGORITHM, secret=key.secret)


def _check_listening(server: ServerSettings) -> None:
    """Bind the address for a moment, and read the certificate."""
    where = f"port {server.port} of {server.host}"
    try:
        with socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((server.host, server.port))
    except OSError as error:
        raise Unhonoured(
            f"Tradewire cannot listen on {where}: {error.strerror or error}. "
            "Choose another with --port or --host; nothing was set up yet."
        ) from error
    if server.ssl_cert is None:
        return
    try:
        # An empty password, or one would be asked for on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.ssl_cert, server.ssl_key, password="")
    except OSError as error:
        raise Unhonoured(
            f"The certificate {server.ssl_cert} with the key {server.ssl_key} cannot be used: "
            f"{error.strerror or error}. Nothing was set up yet."
        ) from error


async def _set_up_before(core: Core) -> AlertSetup:
    working = [
        key.connection
        for key in await core.services.keys.list()
        if key.revoked_at is None and key.provider == PROVIDER
    ]
    started = [
        one.signal_id
        for one in await core.services.algorithms.list()
        if one.state is AlgorithmState.STARTED and one.provider == PROVIDER
    ]
    return AlertSetup(
        first=False,
        connection=CONNECTION if CONNECTION in working else next(iter(working), None),
        strategy_id=ALGORITHM if ALGORITHM in started else next(iter(started), None),
    )
