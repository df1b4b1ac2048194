"""What is wrong with a body that is not JSON: where, what was found there, and the usual cause."""

import json
import re

from tradewire import InvalidMessage
from tradewire_messages.placeholders import refuse_unfilled
from tradewire_messages.wording import shown

_CURLY_QUOTES = tuple("“”„‟‘’‚‛«»")
_TEXT_OPENED = re.compile(r'"([^"\n]{1,40})"\s*:\s*"[^"]*\Z')
_VALUE_DUE = re.compile(r'"([^"\n]{1,40})"\s*:\Z')


def explain(error: json.JSONDecodeError) -> InvalidMessage:
    """The refusal of a text that stopped being JSON where `error` says."""
    before, after = error.doc[: error.pos], error.doc[error.pos :]
    field = _field(before)
    start = _placeholder_start(before, after)
    if start is not None:
        try:
            refuse_unfilled(field, error.doc[start:])
        except InvalidMessage as refusal:
            return refusal
    return InvalidMessage(
        field,
        f"The JSON is broken at line {error.lineno}, column {error.colno}, at {_found(after)}: "
        f"{_cause(error, before.rstrip(), after, field)}.",
    )


def _cause(error: json.JSONDecodeError, before: str, after: str, field: str | None) -> str:
    here, last = after.lstrip()[:1], before[-1:]
    if error.msg.startswith("Invalid control character"):
        what = "a line break" if after[:1] in "\r\n" else "a tab or another control character"
        return f"{field or 'a text'} has {what} in it; a placeholder was perhaps filled with such a text"
    if error.msg.startswith("Unterminated string"):
        return "the text that begins here has no closing quote"
    if error.msg.startswith("Invalid \\"):
        return (
            "a backslash in a text starts a special character, and this is none; write \\\\ for a backslash"
        )
    if error.msg.startswith("Extra data"):
        return "something follows the object's end; send one object and nothing else"
    if here == "":
        return "it ends too early; a closing bracket is missing"
    if here.startswith(_CURLY_QUOTES):
        return 'curly quotes; type straight ones (") in their place'
    if here == "'":
        return 'single quotes; JSON needs double ones (")'
    if _is_comma_too_many(last, after):
        return "there is a comma too many before the closing bracket; remove it"
    return _cause_between_values(last, here)


def _cause_between_values(last: str, here: str) -> str:
    if last.isdigit() or (here.isdigit() and last == ","):
        return "a comma is missing, or a number is not written as JSON wants it; write 1000, not 1,000"
    if last == '"':
        return "a comma is missing, or a placeholder was filled with a text that has a quote in it"
    if last == "{" and here == "{":
        return "a curly bracket is doubled; write one"
    if last in ("{", ","):
        return "every name stands in double quotes"
    if last == "":
        return "a message is a JSON object, which begins with {"
    if last == ":" and here in (",", "}"):
        return "the value is missing"
    if last == ":":
        return "a text stands in double quotes"
    return "a comma, colon, quote or bracket is missing or one too many"


def _is_comma_too_many(last: str, after: str) -> bool:
    """Python versions differ in where they see it: at the comma, or at the bracket after it."""
    rest = after.lstrip()
    return rest.lstrip(",").lstrip().startswith(("}", "]")) and (last == "," or rest.startswith(","))


def _placeholder_start(before: str, after: str) -> int | None:
    """Where a placeholder without quotes begins; an object that begins with `{{` is none."""
    at = len(before) if after.startswith("{{") else before.rstrip().rfind("{")
    written = before[:at].rstrip()
    if after.startswith("{{") or (after.startswith("{") and before.rstrip().endswith("{")):
        return at if written.endswith((":", ",", "[")) else None
    return None


def _field(before: str) -> str | None:
    """The field that was being written, where that can be seen."""
    found = _TEXT_OPENED.search(before) or _VALUE_DUE.search(before.rstrip().rstrip("{").rstrip())
    return shown(found[1]) if found else None


def _found(after: str) -> str:
    first = after[:1]
    if first == "":
        return "the end"
    if first in "\r\n\t ":
        return {"\t": "a tab", " ": "a space"}.get(first, "a line break")
    if not first.isprintable():
        return f"the character U+{ord(first):04X}"
    word = re.match(r"[^\W\d]\w{1,20}", after)
    return f'"{shown(word[0])}"' if word else first
