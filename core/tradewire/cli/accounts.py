"""`tradewire account …`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from tradewire.cli import ranges, screen
from tradewire.cli.ask import confirm_removal, hidden, is_interactive
from tradewire.cli.client import Api, connect
from tradewire.cli.exits import Exit, Stop
from tradewire.cli.options import DEFAULT, Common

if TYPE_CHECKING:
    from tradewire.services.accounts import AccountView

account = App(name="account", help="Broker accounts.")


def register(app: App) -> None:
    app.command(account)


@account.command
def add(
    name: str,
    /,
    *,
    broker: Annotated[str, Parameter(help="The broker's plugin.")] = "paper",
    currency: Annotated[str | None, Parameter(help="The account's currency.")] = None,
    set_: Annotated[
        tuple[str, ...],
        Parameter(
            name="--set", negative="", help="A field as FIELD=VALUE; VALUE @FILE reads a file's first line."
        ),
    ] = (),
    guardian: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="A limit of this account as NAME.PARAMETER=VALUE; may be repeated."),
    ] = (),
    multiplier: Annotated[
        str,
        Parameter(
            help="What algorithms open here is scaled by it; what they close is not.",
            validator=ranges.multiplier,
        ),
    ] = "1",
    common: Common = DEFAULT,
) -> None:
    """Add an account; a new one is always paper. Secret fields are asked for where they are not given."""
    config = dict(_field(text) for text in set_)
    guardians = _guardians(guardian)
    with connect(common) as api:
        if is_interactive():
            _ask_secrets(api, broker, config)
        body = {
            "name": name,
            "broker": broker,
            "currency": currency,
            "config": config,
            "guardians": guardians,
            "quantity_multiplier": multiplier,
        }
        answer = api.post("/accounts", body)
    if common.json:
        screen.print_json(answer.content)
        return
    sys.stdout.write(f"The account {name} is added, on paper.\n")


@account.command
def change(
    name: str,
    /,
    *fields: Annotated[
        str,
        Parameter(
            help="FIELD=VALUE; VALUE @FILE reads a file's first line, FIELD alone is asked for, unseen."
        ),
    ],
    unset: Annotated[
        tuple[str, ...], Parameter(negative="", help="A field to take away; may be repeated.")
    ] = (),
    guardian: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="A limit of this account as NAME.PARAMETER=VALUE; may be repeated."),
    ] = (),
    drop_guardian: Annotated[
        tuple[str, ...], Parameter(negative="", help="A guardian to take away; may be repeated.")
    ] = (),
    multiplier: Annotated[
        str | None,
        Parameter(
            help="What algorithms open here is scaled by it; what they close is not.",
            validator=ranges.multiplier,
        ),
    ] = None,
    common: Common = DEFAULT,
) -> None:
    """Change an account's fields or limits; with other fields it is connected anew within some seconds."""
    config: dict[str, str | None] = dict(_field_or_asked(text) for text in fields)
    config |= dict.fromkeys(unset)
    limits: dict[str, dict[str, str] | None] = {**_guardians(guardian), **dict.fromkeys(drop_guardian)}
    _change(common, name, {"config": config, "guardians": limits, "quantity_multiplier": multiplier})


@account.command
def remove(
    name: str,
    /,
    *,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.")] = False,
    common: Common = DEFAULT,
) -> None:
    """Take an account away with its credentials, once nothing trades or is held on it."""
    confirm_removal(f"Remove the account {name} and its credentials?", yes)
    with connect(common) as api:
        answer = api.delete(f"/accounts/{quote(name, safe='')}")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.accounts import AccountView

    gone = answer.read(AccountView)
    sys.stdout.write(f"The account {gone.name} is removed; the ledger keeps what happened on it.\n")


@account.command(name="set")
def scale(
    name: str,
    /,
    *,
    multiplier: Annotated[
        str,
        Parameter(
            help="What algorithms open here is scaled by it; what they close is not.",
            validator=ranges.multiplier,
        ),
    ],
    common: Common = DEFAULT,
) -> None:
    """Scale what is opened on an account from now on; orders at work and positions stay as they are."""
    _change(common, name, {"quantity_multiplier": multiplier})


def _change(common: Common, name: str, body: dict[str, Any]) -> None:
    with connect(common) as api:
        answer = api.patch(f"/accounts/{quote(name, safe='')}", body)
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.accounts import AccountView

    one = answer.read(AccountView)
    if body.get("config"):
        text = "has new fields; within some seconds it is connected with them: see `tradewire doctor`."
        sys.stdout.write(f"The account {one.name} {text}\n")
    if body.get("guardians"):
        sys.stdout.write(f"The guardians of the account {one.name}: {', '.join(one.guardians) or 'none'}.\n")
    if body["quantity_multiplier"] is not None:
        text = f"What is opened on the account {one.name} is scaled by {one.quantity_multiplier}."
        sys.stdout.write(f"{text}\n")


@account.command(name="list")
def list_accounts(*, common: Common = DEFAULT) -> None:
    """Every account, without its credentials."""
    with connect(common) as api:
        answer = api.get("/accounts")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.accounts import AccountView

    accounts = answer.read(list[AccountView])
    if not accounts:
        sys.stdout.write("No account yet. `tradewire account add NAME` adds one, on paper.\n")
        return
    shown = screen.table("Name", "Broker", "Mode", "Currency", "Fields", wide="Fields")
    for one in accounts:
        fields = [f"{field}={_plain(value)}" for field, value in one.config.items()]
        fields += [f"{field}=…" for field in one.credentials]
        if one.quantity_multiplier != "1":
            fields.append(f"multiplier={one.quantity_multiplier}")
        shown.add_row(
            screen.escape(one.name),
            one.broker,
            one.mode,
            one.currency,
            screen.escape(", ".join(fields) or "-"),
        )
    screen.console().print(shown)


@account.command(name="show")
def show_account(name: str, /, *, common: Common = DEFAULT) -> None:
    """One account: its broker, fields, guardians, multiplier, and what it was last seen to be worth."""
    with connect(common) as api:
        answer = api.get(f"/accounts/{quote(name, safe='')}")
    if common.json:
        screen.print_json(answer.content)
        return
    from tradewire.services.accounts import AccountView

    one = answer.read(AccountView)
    out = screen.console()
    mode = "on paper" if one.mode == "paper" else one.mode
    about = f"broker {screen.escape(one.broker)}, {mode}, in {one.currency}"
    out.print(f"[bold]{screen.escape(one.name)}[/bold]  {about}")
    fields = [f"{field} = {_plain(value)}" for field, value in one.config.items()]
    fields += [f"{field} = … (secret)" for field in one.credentials]
    for text in fields or ["No fields are set."]:
        out.print(screen.escape(text))
    limits = [
        " ".join([guard.name, *(f"{key}={value}" for key, value in guard.params.items())])
        for guard in one.limits
    ]
    out.print(f"Guardians of the account: {screen.escape(', '.join(limits) or 'none')}")
    out.print(f"Multiplier of what is opened: {one.quantity_multiplier}")
    out.print(_worth(common, one))


def _worth(common: Common, one: "AccountView") -> str:
    """The equity and the cash, and as of when: sizes in per cent are worked out from the equity."""
    seen = one.balances
    if seen is None:
        return "Equity and cash: not known; a running worker asks the broker for them."
    told = [
        f"{name} {screen.money(amount)} {one.currency}"
        for name, amount in (("equity", seen.equity), ("cash", seen.cash))
        if amount is not None
    ]
    return f"Last seen {screen.full_moment(common, seen.at)}: {', '.join(told)}"


def _plain(value: Any) -> str:
    """A field's value as somebody types it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _guardians(texts: tuple[str, ...]) -> dict[str, dict[str, str]]:
    chosen: dict[str, dict[str, str]] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        name, dot, parameter = path.partition(".")
        if not (equals and dot and name and parameter):
            raise Stop(Exit.USAGE, f"--guardian takes NAME.PARAMETER=VALUE, not {text!r}.")
        chosen.setdefault(name, {})[parameter] = value
    return chosen


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Stop(Exit.USAGE, f"A field is given as FIELD=VALUE, not {name!r}.")
    if not value.startswith("@"):
        return name, value
    try:
        with open(value[1:], encoding="utf-8") as file:
            return name, file.readline().rstrip("\r\n")
    except OSError as error:
        raise Stop(
            Exit.USAGE, f"The file {value[1:]} for {name} cannot be read: {error.strerror}."
        ) from error


def _field_or_asked(text: str) -> tuple[str, str]:
    return _field(text) if "=" in text else (text, hidden(f"{text}: "))


def _ask_secrets(api: Api, broker: str, config: dict[str, str]) -> None:
    from tradewire.services.accounts import BrokerView

    for one in api.get("/brokers").read(list[BrokerView]):
        if one.name != broker:
            continue
        for field in one.fields:
            if field.secret and field.required and field.name not in config:
                config[field.name] = hidden(f"{field.name} ({field.description}): ")
