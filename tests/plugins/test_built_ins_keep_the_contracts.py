"""The built-in plugins, held to what every plugin's author inherits from `tradewire.testing.contracts`."""

from decimal import Decimal

from tradewire.plugins import Plugins
from tradewire.testing.contracts import (
    AuthenticatorContract,
    BlueprintContract,
    BrokerContract,
    GuardianContract,
    MatcherContract,
    OverrideContract,
    ProviderContract,
)

PLUGINS = Plugins.discover()


class TestApiKey(AuthenticatorContract):
    authenticator = PLUGINS.authenticators["api_key"]


class TestTradingView(ProviderContract):
    provider = PLUGINS.providers["tradingview"]
    example = b'{"apiKey": "the-key", "strategyId": "breakout", "action": "buy", "qty": 1}'


class TestDefaultMatcher(MatcherContract):
    matcher = PLUGINS.matchers["default"]


class TestDefaultOverride(OverrideContract):
    override = PLUGINS.overrides["default"]


class TestMarket(BlueprintContract):
    blueprint = PLUGINS.blueprints["market"]


class TestLimit(BlueprintContract):
    blueprint = PLUGINS.blueprints["limit"]
    params = {"reference": "ask"}


class TestLimitThatEndsAtMarket(BlueprintContract):
    blueprint = PLUGINS.blueprints["limit"]
    params = {"price": "100", "ttl_s": 30, "on_expire": "market"}


class TestKillSwitch(GuardianContract):
    guardian = PLUGINS.guardians["kill_switch"]


class TestMaxPosition(GuardianContract):
    guardian = PLUGINS.guardians["max_position"]
    params = {"quantity": "55"}


class TestMaxOrderNotional(GuardianContract):
    guardian = PLUGINS.guardians["max_order_notional"]
    params = {"notional": "500"}


class TestMaxOrderQty(GuardianContract):
    guardian = PLUGINS.guardians["max_order_qty"]
    params = {"quantity": "5"}


class TestStaleSignal(GuardianContract):
    guardian = PLUGINS.guardians["stale_signal"]


class TestPaper(BrokerContract):
    broker = PLUGINS.brokers["paper"]
    symbol = "BTCUSD"
    quantity = Decimal("0.5")
