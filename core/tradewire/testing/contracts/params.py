"""What guardians and blueprints have in common: parameters that a user writes."""

from collections.abc import Mapping
from typing import Any

import msgspec


def decoded(written: Mapping[str, Any], params: type[msgspec.Struct]) -> Any:
    """The parameters as Tradewire decodes them."""
    return msgspec.convert(dict(written), params, strict=False)


def refuses_unknown(params: type[msgspec.Struct], written: Mapping[str, Any]) -> bool:
    """Whether a parameter that does not exist is refused, as a misspelt one should be."""
    try:
        decoded({**written, "no_such_parameter": 1}, params)
    except msgspec.ValidationError:
        return True
    return False
