"""The options that every command has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    data: Annotated[Path, Parameter(env_var="TRADEWIRE_DATA", help="The data folder.")] = Path(".tradewire")
    url: Annotated[
        str | None,
        Parameter(
            env_var="TRADEWIRE_URL",
            help="A Tradewire elsewhere; its API token is read from TRADEWIRE_TOKEN.",
        ),
    ] = None
    json: Annotated[bool, Parameter(negative="", help="One JSON document on stdout, nothing else.")] = False
    utc: Annotated[bool, Parameter(negative="", help="Times in UTC instead of the local zone.")] = False


DEFAULT = Common()
