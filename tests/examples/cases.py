"""Each example as a user would set it up, and what he should read."""

from typing import NamedTuple

ALGORITHM = """
name = "tried"
account = "{account}"
symbol = "BTCUSD"
side = "buy"
quantity = {quantity}
allow_shorts = true
{blueprint}

[signal]
provider = "{provider}"
id = "{listens}"

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
notional = 1000000

{more}
"""


class Case(NamedTuple):
    """One example. `posted` is the message, with KEY for the key and N for a number of its own.

    `adds` as `tradewire plugins` lists it; `shown` is what `tradewire signal show` says of it. Uninstalled:
    `refused` is said of the next signal, `not_started` of the algorithm; None where neither needs it.
    """

    name: str
    adds: str
    shown: str
    refused: str | None
    not_started: str | None
    version: str = "1.0.0"
    settings: str = ""
    account: str = "paper"
    quantity: str = "0.01"
    provider: str = "tradingview"
    listens: str = "tried"
    blueprint: str = 'blueprint = "market"'
    more: str = ""
    posted: str = '{"apiKey": "KEY", "strategyId": "tried", "qty": 0.0N, "id": "N"}'

    @property
    def algorithm(self) -> str:
        return ALGORITHM.format(**self._asdict())

    def message(self, key: str, number: int) -> str:
        return self.posted.replace("N", str(number)).replace("KEY", key)


CASES = {
    case.name: case
    for case in (
        Case(
            name="source_network",
            adds="authenticate: source_network",
            shown="Checked by api_key, source_network.",
            refused=None,
            not_started=None,
            settings='[plugins.settings.source_network]\nmain = ["127.0.0.0/8"]\n',
        ),
        Case(
            name="wildcard",
            adds="match: wildcard",
            shown="Matched by wildcard.",
            refused="No matcher 'wildcard' is installed.",
            not_started="No matcher 'wildcard' is installed.",
            listens="scan/*",
            posted='{"apiKey": "KEY", "strategyId": "scan/gap", "id": "N"}',
            more='[pipeline]\nmatch = ["wildcard"]',
        ),
        Case(
            name="symbol_map",
            adds="override: symbol_map",
            shown="symbol: BTCUSD came, ETHUSD is used (symbol_map: the symbol map trades ETHUSD",
            refused="No override 'symbol_map' is installed.",
            not_started="No override 'symbol_map' is installed.",
            settings='[plugins.settings.symbol_map]\nBTCUSD = "ETHUSD"\n',
            more='[pipeline]\noverride = ["symbol_map"]',
        ),
        Case(
            name="event_pause",
            adds="guard: event_pause",
            shown="event_pause",
            refused="The guardian 'event_pause' cannot be asked: it is not installed.",
            not_started="No guardian 'event_pause' is installed.",
            more="[guardians.event_pause]\nevents = [2020-01-01T00:00:00Z]",
        ),
        Case(
            name="scale_in",
            adds="blueprint: scale_in",
            shown="worked by the blueprint scale_in.",
            refused="No blueprint 'scale_in' is installed.",
            not_started="No blueprint 'scale_in' is installed.",
            blueprint='[blueprint]\nname = "scale_in"\nparts = 2\npause_s = 0',
        ),
        Case(
            name="notebook",
            adds="broker: notebook",
            shown="to book (notebook).",
            refused="No broker 'notebook' is installed.",
            not_started="No broker 'notebook' is installed.",
            account="book",
        ),
        Case(
            name="oneline",
            adds="parse: oneline",
            shown="as cron (oneline).",
            refused="No signal provider 'oneline' is installed.",
            not_started="No signal provider 'oneline' is installed.",
            provider="oneline",
            posted="KEY tried 0.0N BTCUSD",
        ),
        Case(
            name="my_plugin",
            version="0.1.0",
            adds="guard: my_plugin",
            shown="my_plugin",
            refused="The guardian 'my_plugin' cannot be asked: it is not installed.",
            not_started="No guardian 'my_plugin' is installed.",
            more="[guardians.my_plugin]\nmost = 50",
        ),
    )
}
