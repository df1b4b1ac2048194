"""One authenticator that hangs costs a resend, not the door."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from tradewire.contract.authenticator import (
    Attempt,
    Authenticator,
    Caller,
    Denied,
    KeyRing,
    KeyState,
    KeyStatus,
)
from tradewire.ingress.identify import Identify
from tradewire.pipeline import StageFailed
from tradewire.plugins import Plugins

ATTEMPT = Attempt(provider="tradingview", source="127.0.0.1", key="k", at=datetime(2026, 3, 2, tzinfo=UTC))


class NoKeys(KeyRing):
    def look_up(self, key: str) -> KeyStatus:
        return KeyStatus(state=KeyState.UNKNOWN)


class Hanging(Authenticator):
    name = "hanging"

    def __init__(self) -> None:
        self.released = threading.Event()

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        self.released.wait()
        return Caller(connection="late", key_id="late")


class Raising(Authenticator):
    name = "raising"

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        raise RuntimeError("out of order")


class Sure(Authenticator):
    name = "sure"

    def authenticate(self, attempt: Attempt, keys: KeyRing) -> Caller | Denied | None:
        return Caller(connection="main", key_id="1")


def plugins_with(*authenticators: Authenticator) -> Plugins:
    plugins = Plugins()
    plugins.authenticators = {one.name: one for one in authenticators}
    return plugins


def test_one_that_hangs_fails_the_stage_and_later_requests_are_still_asked() -> None:
    hanging = Hanging()
    plugins = plugins_with(hanging)

    async def ask() -> Caller | Denied:
        identify = Identify(plugins, NoKeys())
        for _ in range(6):
            with pytest.raises(StageFailed):
                await identify(ATTEMPT)
        plugins.authenticators = {"sure": Sure()}
        return await identify(ATTEMPT)

    try:
        assert asyncio.run(ask()) == Caller(connection="main", key_id="1")
    finally:
        hanging.released.set()


def test_one_that_raises_fails_the_stage_by_name() -> None:
    async def ask() -> None:
        await Identify(plugins_with(Sure(), Raising()), NoKeys())(ATTEMPT)

    with pytest.raises(StageFailed, match="raising"):
        asyncio.run(ask())
