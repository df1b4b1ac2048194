"""What is named and not installed stands in the list of plugins, with who needs it."""

from collections.abc import Callable
from typing import Any

import pytest

from core.services.conftest import ALGORITHM
from tradewire.plugins import Plugins
from tradewire.services.accounts import NewAccount
from tradewire.services.plugin_list import plugin_list
from tradewire.services.services import Services

Run = Callable[..., Any]


@pytest.fixture
def lists(services: Services, run: Run) -> Callable[[Plugins], Any]:
    run(services.accounts.add(NewAccount(name="paper", broker="paper"), "cli"))
    run(services.algorithms.add(ALGORITHM, "cli"))

    def lists(plugins: Plugins) -> Any:
        return plugin_list(plugins, run(services.algorithms.list()), run(services.accounts.list()))

    return lists


def test_nothing_is_missing_while_all_is_installed(lists: Any, plugins: Plugins) -> None:
    assert lists(plugins).missing == ()


def test_what_is_gone_is_named_with_all_that_need_it(lists: Any) -> None:
    gone = {(one.stage, one.name): one.needed_by for one in lists(Plugins()).missing}
    assert gone["broker", "paper"] == ('account "paper"',)
    (needs_it,) = gone["blueprint", "market"]
    assert needs_it.startswith('algorithm "')
    assert gone["guard", "max_position"] == (needs_it,)
    assert gone["parse", "tradingview"] == (needs_it,)


def test_a_guardian_that_is_quarantined_is_not_missing(lists: Any) -> None:
    plugins = Plugins.discover()
    plugins.quarantine_guardian("max_position", "it took too long")
    assert lists(plugins).missing == ()
    assert "max_position" in lists(plugins).quarantined
