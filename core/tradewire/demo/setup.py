"""What the demo adds to an empty Tradewire: a key, two accounts at the venue, and its algorithms."""

from tradewire.demo.api import Api

CONNECTION = "demo"
NORTH, SOUTH = "north", "south"

#: Entry signal ids. BREAKOUT is listened to by two algorithms, one on each account.
BREAKOUT, WATCHLIST, RETIRED = "breakout", "watchlist", "retired"

BREAKOUT_NORTH, BREAKOUT_SOUTH = "breakout_north", "breakout_south"
MAX_POSITION = 500

_FIXED = """
name = "{name}"
account = "{account}"
symbol = "AAPL"
side = "buy"
quantity = {quantity}
blueprint = "market"

[signal]
id = "{signal}"
"""
_DYNAMIC = (
    _FIXED.replace("blueprint", "allow_shorts = true\nblueprint")
    + """
[dynamic]
symbol = true
action = true
quantity = true
order = true
"""
)
_LIMITS = """
[validity]
kind = "gtc"

[guardians.max_position]
quantity = {most}

[guardians.max_order_notional]
notional = 500000
"""
_COPIES_RUN = """
[guardians.duplicate_signal]
window_s = 0
"""


def algorithms(*, copies_run: bool = False) -> dict[str, str]:
    """Each algorithm's file by name; with `copies_run`, nothing keeps a resend from trading again."""
    limits = _LIMITS.format(most=MAX_POSITION) + (_COPIES_RUN if copies_run else "")

    def text(form: str, name: str, account: str, signal: str, quantity: int) -> str:
        return form.format(name=name, account=account, signal=signal, quantity=quantity) + limits

    return {
        BREAKOUT_NORTH: text(_FIXED, BREAKOUT_NORTH, NORTH, BREAKOUT, 100),
        BREAKOUT_SOUTH: text(_FIXED, BREAKOUT_SOUTH, SOUTH, BREAKOUT, 40),
        WATCHLIST: text(_DYNAMIC, WATCHLIST, NORTH, WATCHLIST, 10),
        RETIRED: text(_FIXED, RETIRED, SOUTH, RETIRED, 10),
    }


async def set_up(api: Api, venue_url: str, *, copies_run: bool) -> str:
    """Add all of it; the key's secret."""
    for account in (NORTH, SOUTH):
        await api.add_account(account, {"url": venue_url, "venue_account": account})
    for name, text in algorithms(copies_run=copies_run).items():
        await api.add_algorithm(text)
        if name != RETIRED:
            await api.start_algorithm(name)
    return await api.new_key(CONNECTION)
