"""A broker that writes orders into a notebook, at the prices that you keep in a file."""

from collections.abc import Sequence

from tradewire import Broker, hookimpl
from tradewire_notebook.notebook import Notebook


@hookimpl
def broker() -> Sequence[Broker]:
    return [Notebook()]
