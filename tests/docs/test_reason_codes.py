"""The page of reason codes names every code of the source, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docs import pages
from docs.pages import ROOT
from tradewire import ChildState, Purpose, RejectKind, SwitchState

PAGE = ROOT / "docs/concepts/reason-codes.md"
SOURCES = (
    "core/tradewire/pipeline.py",
    "core/tradewire/contract",
    "core/tradewire/domain",
    "core/tradewire/stages",
    "core/tradewire/ingress",
    "core/tradewire/server",
    "core/tradewire/engine",
    "core/tradewire/brokerage",
    "core/tradewire/services/holding.py",
    "plugins/guardians",
    "plugins/blueprints",
)

#: Where a function takes a code: its name -> the argument's position.
TAKES_A_CODE = {
    "allow": 0,
    "block": 0,
    "not_applicable": 0,
    "breached": 3,
    "Unvalued": 0,
    "unauthorized": 0,
    "keep": 2,
    "_block": 1,
    "_finish": 1,
    "end": 2,
    "_end": 2,
    "_ended": 3,
    "_not_sent": 5,
}
#: Structs whose `reason` or `kind` is a code.
HOLDS_A_CODE = (
    "Skip",
    "NoLegs",
    "NoSize",
    "NotWhileClosed",
    "Refused",
    "Finish",
    "Cancel",
    "Denied",
    "RefusedBody",
    "change",
    "change_child",
    "_changed",
)

_LISTS = ("symbol", "asset_class", "side", "order_type")
#: Expressions that are no constants, and the codes that they may be.
WORKED_OUT = {
    "switch.state.value": {SwitchState.HALTED.value, SwitchState.REDUCING.value},
    "order.purpose.value": {Purpose.EXIT.value, Purpose.CANCEL.value},
    "f\"{kind.replace(' ', '_')}_denied\"": {f"{one}_denied" for one in _LISTS},
    "f\"{kind.replace(' ', '_')}_not_allowed\"": {f"{one}_not_allowed" for one in _LISTS},
    "result.kind.value": {kind.value for kind in RejectKind},
    "CAPPED if full else refusal.kind": {"capped"},
}
#: What stands beside a sentence and is the name of a message's field.
FIELDS = ("action",)
#: How a blueprint ends whose last order has ended without a code of its own.
FROM_STATES = {ChildState.CANCELLED.value, ChildState.REJECTED.value, ChildState.EXPIRED.value}

_CODE = re.compile(r"[a-z]+(_[a-z]+)*")


class Found(NamedTuple):
    """An expression that stands where a code is expected."""

    file: str
    line: int
    expression: str
    code: str | None


def found() -> Iterator[Found]:
    for source in SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else (path,):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                for value in _places(node):
                    yield _found(file, value)


def _found(file: Path, value: ast.expr) -> Found:
    constant = value.value if isinstance(value, ast.Constant) else None
    code = constant if isinstance(constant, str) and _CODE.fullmatch(constant) else None
    return Found(file.relative_to(ROOT).as_posix(), value.lineno, ast.unparse(value), code)


def _places(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        at = TAKES_A_CODE.get(name)
        if name == "_denied" and len(node.args) == 2:
            at = 0
        if at is not None and len(node.args) > at:
            yield node.args[at]
        if name in (*HOLDS_A_CODE, "insert", "values"):
            yield from (word.value for word in node.keywords if word.arg in ("reason", "kind"))
    elif isinstance(node, ast.Tuple) and node.elts:
        yield from _in_tuple(node.elts)


def _in_tuple(elements: list[ast.expr]) -> Iterator[ast.expr]:
    """The code in (state, code, sentence), (status, code, sentence) or (code, sentence)."""
    first, *rest = elements
    if isinstance(first, ast.Attribute) or (isinstance(first, ast.Constant) and isinstance(first.value, int)):
        yield from (one for one in rest[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str))
    elif (
        len(rest) == 1
        and isinstance(first, ast.Constant)
        and first.value not in FIELDS
        and _is_sentence(rest[0])
    ):
        yield first


def _is_sentence(value: ast.expr) -> bool:
    if isinstance(value, ast.JoinedStr):
        return True
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value


def codes() -> set[str]:
    """Every code that the source can give."""
    named = {one.code for one in found() if one.code is not None}
    worked_out = {code for one in found() for code in WORKED_OUT.get(one.expression, ())}
    return {*named, *worked_out, *FROM_STATES, *(kind.value for kind in RejectKind)}


def test_every_code_stands_on_the_page_and_no_other_does() -> None:
    told = set(pages.first_cells(pages.text(PAGE)))
    assert told == codes()


@pytest.mark.parametrize("folder", ["plugins/guardians", "plugins/blueprints"])
def test_a_plugins_codes_can_all_be_read_off_its_source(folder: str) -> None:
    handed_on = {"reason", "missing.reason", "kind", "verdict.reason"}
    unclear = [
        one
        for one in found()
        if one.file.startswith(folder)
        and one.code is None
        and one.expression not in {*WORKED_OUT, *handed_on}
    ]
    assert not unclear
