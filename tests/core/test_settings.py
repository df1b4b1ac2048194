"""Settings: where they come from, and what is said about a wrong one."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradewire.domain.algorithm import Plugged
from tradewire.settings import LogLevel, Settings, SettingsError, every_setting, load_settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`|(none)) \| `([^`]+)` \| \S.*\.? \|$", re.MULTILINE)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Settings]:
    def load(text: str = "", **environment: str) -> Settings:
        file = tmp_path / "tradewire.toml"
        file.write_text(text)
        return load_settings(file, environment)

    return load


def as_written(default: Any) -> str:
    return "none" if default is None else msgspec.json.encode(default).decode()


def test_the_page_documents_every_setting_with_its_default_and_variable() -> None:
    documented = [
        (key, default or none, variable) for key, default, none, variable in ROW.findall(PAGE.read_text())
    ]
    assert documented == [
        (setting.key, as_written(setting.default), setting.variable) for setting in every_setting()
    ]


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml", {}) == Settings()


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml does not exist"):
        load_settings(tmp_path / "none.toml", {}, required=True)


def test_the_file_sets_what_it_names_and_leaves_the_rest(load: Callable[..., Settings]) -> None:
    settings = load('base_currency = "EUR"\n[server]\nport = 9000\n[log]\nlevel = "debug"')
    assert (settings.base_currency, settings.server.port, settings.log.level) == ("EUR", 9000, LogLevel.DEBUG)
    assert settings.server.host == "127.0.0.1"


def test_a_variable_wins_over_the_file(load: Callable[..., Settings]) -> None:
    assert load("[server]\nport = 9000", TRADEWIRE_SERVER__PORT="8081").server.port == 8081


def test_variables_hold_numbers_switches_and_lists(load: Callable[..., Settings]) -> None:
    settings = load(
        TRADEWIRE_ENGINE__SWEEP_S="0.5",
        TRADEWIRE_LOG__JSON="true",
        TRADEWIRE_PLUGINS__BLOCKED="limits, paper",
    )
    assert (settings.engine.sweep_s, settings.log.json) == (0.5, True)
    assert settings.plugins.blocked == ("limits", "paper")


def test_variables_of_other_programs_are_let_be(load: Callable[..., Settings]) -> None:
    assert load(PATH="/bin", TRADEWIRE_DATA="/x", TRADEWIRE_CONFIG="/y") == Settings()


def test_guardians_keep_their_parameters_exactly(load: Callable[..., Settings]) -> None:
    settings = load(
        "[guardians.kill_switch]\n[guardians.max_order_notional]\nlimit = 1000.10",
        TRADEWIRE_GUARDIANS__MAX_ORDER_QTY__LIMIT="100",
    )
    assert settings.global_guardians == (
        Plugged(name="kill_switch"),
        Plugged(name="max_order_notional", params={"limit": Decimal("1000.10")}),
        Plugged(name="max_order_qty", params={"limit": "100"}),
    )


def test_a_plugin_has_a_table_of_its_own_and_variables_over_it(load: Callable[..., Settings]) -> None:
    settings = load(
        '[plugins]\nblocked = ["paper"]\n[plugins.settings.symbol_map]\nSPX = "SPY"',
        TRADEWIRE_PLUGINS__SETTINGS__WORDS__LONGEST="80",
    )
    assert settings.plugins.blocked == ("paper",)
    assert settings.plugins.settings == {"symbol_map": {"SPX": "SPY"}, "words": {"longest": "80"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[server]\nprot = 1",
            r"tradewire\.toml: there is no setting server\.prot\. Did you mean server\.port",
        ),
        ("[sever]\nport = 1", r"there is no setting sever\. Did you mean server\?"),
        ("zebra = 1", r"there is no setting zebra\. See docs/reference/settings\.md"),
        (
            '[server]\nport = "8080"',
            r'tradewire\.toml, server\.port: expected a whole number from 0 to 65535, not "8080"\.',
        ),
        ("[server]\nport = 70000", r"server\.port: expected a whole number from 0 to 65535, not 70000\."),
        ("[server]\nport = 80.5", r"server\.port: expected a whole number from 0 to 65535, not 80\.5\."),
        ("[server]\nshare_port = 1", r"server\.share_port: expected true or false, not 1\."),
        ("[server]\nport = true", r"server\.port: expected a whole number from 0 to 65535, not true\."),
        ("[server]\nbody_limit = 0", r"server\.body_limit: expected a whole number of 1 or more, not 0\."),
        ("[server]\nhost = 127", r"server\.host: expected a text in quotes\."),
        (
            '[server]\nallowed_hosts = "one"',
            r'allowed_hosts: expected a list of texts in quotes, such as \["one", "two"\]\.',
        ),
        (
            "[engine]\nsweep_s = 0",
            r"engine\.sweep_s: expected a number above 0 and at most 86400, not 0\.",
        ),
        ("[engine]\nlease_s = inf", r"engine\.lease_s: expected a number above 0 and at most 86400, not inf"),
        ("[engine]\nlease_s = nan", r"engine\.lease_s: expected a number above 0 and at most 86400, not nan"),
        ("[signals]\ndedupe_window_s = 1e12", r"dedupe_window_s: expected a number from 0 to 86400, not 1e"),
        ("server = 1", r"server: this is a section; write \[server\]"),
        ("guardians = 5", r"guardians: write a table for each"),
        ("[plugins.settings]\nx = 5", r"plugins\.settings: write a table for each"),
        ("[plugins.symbol_map]\nx = 5", r"there is no setting plugins\.symbol_map"),
        ("port ==", r"tradewire\.toml is not valid TOML: .*line 1"),
        (
            "[engine]\nlease_s = 5",
            r"engine\.lease_s \(5\) must be longer than engine\.submit_timeout_s \(5\)",
        ),
        ("[engine]\nlookup_max_s = 0.5", r"engine\.lookup_max_s must not be shorter"),
        ('[log]\nlevel = "loud"', "expected one of debug, info, warning, error"),
        ('[server]\npublic_url = "relay"', r"expected a URL such as https://relay\.example\.com"),
        ('[server]\nssl_cert = "a.pem"', r"ssl_cert and server\.ssl_key go together"),
        ('[server]\ntrusted_proxies = ["10.0.0.300"]', r'"10\.0\.0\.300" is not an address or network'),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_key(
    load: Callable[..., Settings], text: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load(text)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRADEWIRE_SERVER__PROT", "1", "Did you mean TRADEWIRE_SERVER__PORT"),
        (
            "TRADEWIRE_SERVER__PORT",
            "99999",
            'variable TRADEWIRE_SERVER__PORT: expected a whole number from 0 to 65535, not "99999"',
        ),
        ("TRADEWIRE_SERVER__PORT", "many", 'expected a whole number from 0 to 65535, not "many"'),
        ("TRADEWIRE_LOG__JSON", "perhaps", 'TRADEWIRE_LOG__JSON: expected true or false, not "perhaps"'),
        ("TRADEWIRE_GUARDIANS", "{}", "there is no setting TRADEWIRE_GUARDIANS"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(
    load: Callable[..., Settings], name: str, value: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load(**{name: value})


def test_no_password_of_a_url_is_ever_shown(load: Callable[..., Settings]) -> None:
    assert "hunter2" not in repr(load(TRADEWIRE_DATABASE_URL="postgresql://me:hunter2@host/db"))
