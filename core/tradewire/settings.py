"""Every setting: from `tradewire.toml`, and over it TRADEWIRE_* variables. See docs/reference/settings.md."""

import difflib
import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from tradewire.contract.errors import Unhonoured
from tradewire.domain.algorithm import Plugged
from tradewire.domain.base import Struct

PREFIX = "TRADEWIRE_"
#: Variables that are read before there are settings, or by somebody else; not settings themselves.
OTHER_VARIABLES = frozenset(
    {
        "TRADEWIRE_DATA",
        "TRADEWIRE_CONFIG",
        "TRADEWIRE_URL",
        "TRADEWIRE_TOKEN",
        "TRADEWIRE_CRASH",
        "TRADEWIRE_CRASH_LOG",
    }
)

Port = Annotated[int, Meta(ge=0, le=65535)]
#: A day at most: no clock can tell a moment that lies any number of seconds ahead.
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
SecondsOrOff = Annotated[float, Meta(ge=0, le=86_400)]
Count = Annotated[int, Meta(ge=1)]


#: Settings that are tables of tables: a name, and below it what the plugin of that name takes.
TABLES = (("guardians",), ("plugins", "settings"))
_EXAMPLES = {TABLES[0]: "max_order_qty", TABLES[1]: "symbol_map"}


class SettingsError(Unhonoured):
    """A setting that cannot be used; the text names where it stands."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ServerSettings(Struct):
    """Where the server listens and whom it answers; `body_limit` in bytes. `share_port`: whether several
    processes may listen there, each with a part of the connections."""

    host: str = "127.0.0.1"
    port: Port = 8080
    share_port: bool = False
    public_url: Annotated[str, Meta(pattern=r"^https?://[^/]+")] | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    tradingview_addresses_only: bool = False
    header_timeout_s: Seconds = 2.0
    body_timeout_s: Seconds = 2.0
    body_limit: Count = 65536


class SignalSettings(Struct):
    """How messages are taken. `revealable_keys`: whether an encrypted copy of new keys is kept."""

    dedupe_window_s: SecondsOrOff = 45.0
    refusals_per_day: Annotated[int, Meta(ge=0)] = 10_000
    revealable_keys: bool = True


class EngineSettings(Struct):
    """How long the engine waits for what; a guardian's deadline in milliseconds, the rest in seconds.

    `one_core`: whether `tradewire up` keeps all its threads on one processor core.
    """

    one_core: bool = True
    worker_threads: Count = 4
    sweep_s: Seconds = 5.0
    submit_timeout_s: Seconds = 5.0
    release_timeout_s: Seconds = 15.0
    guard_deadline_ms: Count = 250
    lease_s: Seconds = 30.0
    lookup_base_s: Seconds = 1.0
    lookup_max_s: Seconds = 60.0


class WorkerSettings(Struct):
    """A worker's name among the workers, and where its health is asked; port 0 is a free one."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] | None = None
    host: str = "127.0.0.1"
    port: Port = 0


class PluginSettings(Struct):
    """`blocked`: plugins or distributions that are not loaded. `settings`: what a plugin's hooks are given,
    by the plugin's name; the plugin itself checks it."""

    blocked: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - msgspec gives every struct a copy


class LogSettings(Struct):
    """What is logged from which level on, as lines for people or as JSON."""

    level: LogLevel = LogLevel.INFO
    json: bool = False


class Settings(Struct):
    """All settings. `database_url` and `dramatiq_url` are None for SQLite in the folder and in-process,
    `key_file` for the one in the folder."""

    server: ServerSettings = ServerSettings()
    database_url: str | None = None
    dramatiq_url: str | None = None
    key_file: str | None = None
    signals: SignalSettings = SignalSettings()
    engine: EngineSettings = EngineSettings()
    worker: WorkerSettings = WorkerSettings()
    plugins: PluginSettings = PluginSettings()
    guardians: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - msgspec gives every struct a copy
    base_currency: Annotated[str, Meta(pattern="^[A-Z0-9]{3,10}$")] = "USD"
    log: LogSettings = LogSettings()

    @property
    def global_guardians(self) -> tuple[Plugged, ...]:
        """The guardians of the global scope, in the order they are written."""
        return tuple(Plugged(name=name, params=params) for name, params in self.guardians.items())

    def __repr__(self) -> str:
        return "Settings(…)"  # the URLs may hold passwords


class Setting(NamedTuple):
    """One key as a user writes it: dotted in the file, joined by `__` in a variable."""

    path: tuple[str, ...]
    type: Any
    default: Any

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        whole = PREFIX + "__".join(self.path).upper()
        return f"{whole}__NAME__PARAMETER" if self.path in TABLES else whole


def every_setting() -> tuple[Setting, ...]:
    """All keys, in the order of the struct; each of `TABLES` counts as one."""
    return tuple(_settings_of(Settings, ()))


def load_settings(file: Path, environment: Mapping[str, str], *, required: bool = False) -> Settings:
    """Settings from `file` (which may be missing unless `required`) and `environment`, which wins.

    Raises `SettingsError` for what is unknown, malformed or contradictory.
    """
    table = _read(file, required)
    given = _from_file(file, table) | _from_environment(environment)
    values: dict[str, Any] = {}
    for setting in every_setting():
        if setting.path in TABLES:
            section = _section(values, setting.path)
            section[setting.path[-1]] = _tables(file, setting.path, table, environment)
        elif setting.path in given:
            _section(values, setting.path)[setting.path[-1]] = _checked(setting, *given[setting.path])
    settings = msgspec.convert(values, Settings)
    _check_together(settings)
    return settings


def _section(values: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Where the last part of `path` stands in `values`."""
    for name in path[:-1]:
        values = values.setdefault(name, {})
    return values


def _settings_of(kind: type[msgspec.Struct], path: tuple[str, ...]) -> Iterator[Setting]:
    for field in msgspec.structs.fields(kind):
        here = (*path, field.name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _settings_of(field.type, here)
        else:
            default = {} if field.default is msgspec.NODEFAULT else field.default
            yield Setting(here, field.type, default)


def _read(file: Path, required: bool) -> dict[str, Any]:
    try:
        with file.open("rb") as content:
            return tomllib.load(content, parse_float=Decimal)
    except FileNotFoundError:
        if required:
            raise SettingsError(f"The settings file {file} does not exist.") from None
        return {}
    except OSError as error:
        raise SettingsError(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {file} is not valid TOML: {error}.") from error


Given = dict[tuple[str, ...], tuple[Any, str]]


def _from_file(file: Path, table: Mapping[str, Any]) -> Given:
    """Every value with the words for where it stands."""
    known = {setting.path for setting in every_setting()}
    sections = {path[:-1] for path in known}
    given: Given = {}

    def walk(table: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for name, value in table.items():
            here = (*path, name)
            where = f"{file}, {'.'.join(here)}"
            if here in TABLES:
                continue
            if here in sections:
                if not isinstance(value, dict):
                    raise SettingsError(f"{where}: this is a section; write [{name}] and its keys below.")
                walk(value, here)
            elif here in known:
                given[here] = (value, where)
            else:
                raise _unknown(
                    ".".join(here), str(file), sorted(".".join(path) for path in known | sections if path)
                )

    walk(table, ())
    return given


def _from_environment(environment: Mapping[str, str]) -> Given:
    settings = {setting.variable: setting for setting in every_setting()}
    given: Given = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES or _parameter_of(name):
            continue
        setting = settings.get(name)
        if setting is None:
            raise _unknown(name, "The environment", list(settings))
        is_list = isinstance(setting.default, tuple)
        value = [part.strip() for part in text.split(",") if part.strip()] if is_list else text
        given[setting.path] = (value, f"The variable {name}")
    return given


def _tables(
    file: Path, path: tuple[str, ...], document: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Parameters are checked by the plugin they are for, once it is known."""
    table: Any = document
    for name in path:
        table = table.get(name, {}) if isinstance(table, dict) else {}
    where = ".".join(path)
    if not isinstance(table, dict) or not all(isinstance(params, dict) for params in table.values()):
        raise SettingsError(f"{file}, {where}: write a table for each, such as [{where}.{_EXAMPLES[path]}].")
    tables = {name: dict(params) for name, params in table.items()}
    for variable, text in environment.items():
        if (found := _parameter_of(variable)) and found[0] == path:
            tables.setdefault(found[1], {})[found[2]] = text
    return tables


def _parameter_of(variable: str) -> tuple[tuple[str, ...], str, str] | None:
    """Which of `TABLES`, the plugin and the parameter that a variable sets; None for any other variable."""
    for path in TABLES:
        start = PREFIX + "__".join(path).upper() + "__"
        name, _, parameter = variable.removeprefix(start).partition("__")
        if variable.startswith(start) and name and parameter and "__" not in parameter:
            return path, name.lower(), parameter.lower()
    return None


def _checked(setting: Setting, value: Any, where: str) -> Any:
    # A variable is always text; in the file a quoted number is a slip that should be seen.
    strict = not where.startswith("The variable")
    try:
        return msgspec.convert(value, setting.type, strict=strict)
    except msgspec.ValidationError:
        raise SettingsError(f"{where}: {_in_words(setting, value)}.") from None


def _in_words(setting: Setting, value: Any) -> str:
    """What belongs there instead of `value`; that itself is told of numbers and switches only."""
    if setting.key == "server.public_url":
        return "expected a URL such as https://relay.example.com"
    if setting.key == "worker.id":
        return "expected letters, digits and -, _ or ., such as worker-1"
    if setting.key == "base_currency":
        return "expected a currency's code such as USD"
    wanted = msgspec.inspect.type_info(setting.type)
    told = f'"{value}"' if isinstance(value, str) else str(value).lower()
    match wanted:
        case msgspec.inspect.EnumType():
            return f"expected one of {', '.join(setting.type)}"
        case msgspec.inspect.BoolType():
            return f"expected true or false, not {told}"
        case msgspec.inspect.IntType():
            return f"expected a whole number{_bounds(wanted)}, not {told}"
        case msgspec.inspect.FloatType():
            return f"expected a number{_bounds(wanted)}, not {told}"
        case msgspec.inspect.VarTupleType():
            return 'expected a list of texts in quotes, such as ["one", "two"]'
        case _:
            return "expected a text in quotes"


def _bounds(wanted: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    """Such as " from 0 to 65535" or " above 0 and at most 86400"."""
    if wanted.ge is not None and wanted.le is not None:
        return f" from {wanted.ge} to {wanted.le}"
    lower = f" above {wanted.gt}" if wanted.gt is not None else f" of {wanted.ge} or more"
    return lower if wanted.le is None else f"{lower} and at most {wanted.le}"


def _unknown(name: str, where: str, known: list[str]) -> SettingsError:
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.75)
    hint = f" Did you mean {' or '.join(close)}?" if close else " See docs/reference/settings.md."
    return SettingsError(f"{where}: there is no setting {name}.{hint}")


def _check_together(settings: Settings) -> None:
    server, engine = settings.server, settings.engine
    if (server.ssl_cert is None) != (server.ssl_key is None):
        raise SettingsError("server.ssl_cert and server.ssl_key go together; set both or neither.")
    if engine.lease_s <= engine.submit_timeout_s + engine.sweep_s:
        raise SettingsError(
            f"engine.lease_s ({engine.lease_s:g}) must be longer than engine.submit_timeout_s "
            f"({engine.submit_timeout_s:g}) and engine.sweep_s ({engine.sweep_s:g}) together, or orders "
            "could not be sent just before the lease is prolonged."
        )
    if engine.lookup_max_s < engine.lookup_base_s:
        raise SettingsError("engine.lookup_max_s must not be shorter than engine.lookup_base_s.")
    for proxy in server.trusted_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise SettingsError(
                f'server.trusted_proxies: "{proxy}" is not an address or network, such as 10.0.0.0/8.'
            ) from None
