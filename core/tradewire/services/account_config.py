"""What a person gives a broker account: open fields and secret ones, checked before they are stored."""

from collections.abc import Mapping
from typing import Any

from tradewire.contract.broker import Broker, ConfigField
from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.security.known_secrets import known
from tradewire.services.naming import nearest
from tradewire.services.refusal import Code, Refused


class AccountFields(Struct):
    """An account's fields by name; `credentials` are the secret ones, and are never shown."""

    config: dict[str, Any]
    credentials: dict[str, str]

    def __repr__(self) -> str:
        return f"AccountFields(config={self.config!r}, credentials={sorted(self.credentials)!r})"


def checked_fields(given: Mapping[str, Any], broker: Broker) -> AccountFields:
    """The open and the secret fields among `given`; refuses with every mistake at once."""
    manifest = broker.manifest
    fields = {field.name: field for field in manifest.fields}
    problems = [
        f'{manifest.title} has no field "{name}".{nearest(name, fields)}'
        for name in given
        if name not in fields
    ]
    problems += [
        f'{manifest.title} needs the field "{name}": {field.description}.'
        for name, field in fields.items()
        if field.required and given.get(name) in (None, "")
    ]
    problems += [
        f'The secret field "{name}" is text.'
        for name, field in fields.items()
        if field.secret and not isinstance(given.get(name, ""), str)
    ]
    checked = AccountFields(
        config=_chosen(given, fields, secret=False), credentials=_chosen(given, fields, secret=True)
    )
    known.remember(value for value in checked.credentials.values() if isinstance(value, str))
    if not problems:
        problems += _found_by(broker, checked)
    if problems:
        raise Refused(Code.INVALID, " ".join(problems), tuple(problems))
    return checked


def _found_by(broker: Broker, checked: AccountFields) -> list[str]:
    """What the broker's plugin says of the values; one that fails at it has not found them right."""
    try:
        return list(broker.check(checked.config, checked.credentials))
    except Unhonoured as refused:
        return [str(refused)]
    except Exception as error:  # noqa: BLE001 - a plugin's defect is told to the person who is asking
        return [f"The broker {broker.name} could not check the fields: {type(error).__name__}: {error}"]


def _chosen(given: Mapping[str, Any], fields: Mapping[str, ConfigField], *, secret: bool) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in fields and fields[name].secret is secret}
