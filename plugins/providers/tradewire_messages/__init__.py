"""Signal formats: TradingView's JSON message, and TradersPost's.

| file | what it does |
|---|---|
| `tradingview.py`, `traderspost.py` | the providers: from bytes to a `Message` |
| `json_body.py`, `broken_json.py` | strict JSON, and what is wrong with what is not |
| `fields.py` | a message's fields by name, each once |
| `sizes.py`, `positions.py`, `prices.py` | fields that belong together, and what contradicts itself |
| `unhonoured.py`, `absent.py` | fields that would change the order and cannot be honoured: refused by name |
| `values.py`, `numbers.py`, `times.py`, `protections.py`, `placeholders.py` | one kind of value each |
"""

from collections.abc import Sequence

from tradewire import Provider, hookimpl
from tradewire_messages.traderspost import TradersPostProvider
from tradewire_messages.tradingview import TradingViewProvider


@hookimpl
def parse() -> Sequence[Provider]:
    return [TradingViewProvider(), TradersPostProvider()]
