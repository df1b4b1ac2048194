"""The base of every struct that crosses a module boundary."""

from typing import Any, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class _FrozenMeta(msgspec.StructMeta):
    """Makes frozen and keyword-only the default of every subclass, which msgspec does not inherit."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        config.setdefault("frozen", True)
        config.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **config)


class Struct(msgspec.Struct, metaclass=_FrozenMeta):
    """A frozen, keyword-only msgspec struct."""
