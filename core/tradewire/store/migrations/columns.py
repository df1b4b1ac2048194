"""How our column types are written down in a migration that alembic drafts."""

from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext

from tradewire.store.types import Amount, Document, String, Text, Utc


def render_column_type(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """`Amount()` and `Utc()` by name; a `Document` as the bytes it is stored as, whatever they decode to."""
    if kind != "type":
        return False
    if isinstance(item, Document):
        return "sa.LargeBinary()"
    if isinstance(item, Text | String):
        return f"sa.{item.impl_instance!r}"
    if isinstance(item, Amount | Utc):
        name = type(item).__name__
        context.imports.add(f"from tradewire.store.types import {name}")
        return f"{name}()"
    return False
