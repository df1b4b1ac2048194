"""The default stages, registered through the same door as everyone else's plugins.

| stage | default | where |
|---|---|---|
| authenticate | `api_key`: the connection's key in the message | `authenticate.py` |
| match | `default`: provider and entry signal id, case-sensitive | `match.py` |
| override | `default`: the algorithm's four dynamic switches | `override.py` |

The hooks carry other names than their stages, so that they do not hide the modules of that name.
"""

from tradewire.contract.authenticator import Authenticator
from tradewire.contract.matcher import Matcher
from tradewire.contract.override import Override
from tradewire.hookspecs import hookimpl
from tradewire.stages.authenticate import ApiKeyAuthenticator
from tradewire.stages.match import EntrySignalMatcher
from tradewire.stages.override import DynamicFields


@hookimpl(specname="authenticate")
def default_authenticators() -> list[Authenticator]:
    return [ApiKeyAuthenticator()]


@hookimpl(specname="match")
def default_matchers() -> list[Matcher]:
    return [EntrySignalMatcher()]


@hookimpl(specname="override")
def default_overrides() -> list[Override]:
    return [DynamicFields()]
