"""Fields of other relays and of derivatives that would change the order, and that this version cannot honour.

An order is never executed without them: they are refused by name. With null, false or "" they are absent.
"""

from typing import Any

from tradewire import InvalidMessage
from tradewire_messages.absent import is_absent
from tradewire_messages.wording import folded

#: What is wrong with them and what to do -> their names, folded.
_UNHONOURED = {
    "options are not traded by this version; take it out and send the underlying's symbol": (
        "optiontype optionside optionsymbol right putcall callput strike strikeprice"
        " expiration expirationdate expiry expirydate"
    ),
    "orders of several legs are not sent by this version; send one message for each leg": "legs",
    "it does not say what it is given in; write qty, notional, percentOfEquity or percentOfPosition": (
        "amount qtypercent quantitypercent qtypct"
    ),
    "trailing orders are not sent by this version; take it out, or use orderType stop with stopPrice": (
        "trailamount trailpercent trailprice trailoffset trailingstop"
    ),
    "leverage is set at the broker; take it out": "leverage",
    "linked orders are not sent by this version; take it out": "oco oca ocogroup ocagroup bracket",
    "post-only orders are not sent by this version; take it out": "postonly",
    'write "action": "exit", which never opens a position': "reduceonly closeposition flatten",
    "write orderType, the name that is read": "ordtype",
    "write limitPrice, the name that is read": "limit",
    "write stopPrice for a stop order or stopLoss for a protection, the names that are read": "stop",
    "write stopLoss, the name that is read": "sl slprice slpercent stoplossprice stoplosspercent",
    "write takeProfit, the name that is read": "tp tpprice tppercent takeprofitprice takeprofitpercent",
}
_REASONS = {name: reason for reason, names in _UNHONOURED.items() for name in names.split()}
#: "type" may be anything, such as the kind of an alert; with one of these it means the order's.
_NOT_MARKET = ("limit", "lmt", "stop", "stp", "stoplimit", "stoplmt", "trailingstop", "trailing", "trail")


def refuse_unhonoured(name: str, value: Any) -> bool:
    """Whether `name` is such a field without a value; raises `InvalidMessage` where it has one."""
    key = folded(name)
    if key == "type" and isinstance(value, str) and folded(value).replace(" ", "") in _NOT_MARKET:
        raise InvalidMessage(name, f"{name} cannot be honoured: write orderType, the name that is read.")
    if key not in _REASONS:
        return False
    if not is_absent(value):
        raise InvalidMessage(name, f"{name} cannot be honoured: {_REASONS[key]}.")
    return True
