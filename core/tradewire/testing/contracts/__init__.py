"""What Tradewire expects of a plugin, as tests to inherit from: name the plugin, and pytest finds the rest.

    class TestNoFridays(GuardianContract):
        guardian = NoFridays()

The base classes are not collected by themselves. What a plugin does of its own is for tests of its own.
"""

from tradewire.testing.contracts.blueprint import BlueprintContract
from tradewire.testing.contracts.broker import BrokerContract
from tradewire.testing.contracts.door import AuthenticatorContract, ProviderContract
from tradewire.testing.contracts.guardian import GuardianContract
from tradewire.testing.contracts.routing import MatcherContract, OverrideContract

__all__ = [
    "AuthenticatorContract",
    "BlueprintContract",
    "BrokerContract",
    "GuardianContract",
    "MatcherContract",
    "OverrideContract",
    "ProviderContract",
]
