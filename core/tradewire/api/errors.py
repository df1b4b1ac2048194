"""Every refusal as one body: a sentence, a code, and each mistake where there are several."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.security.redaction import redact_text
from tradewire.services.refusal import Code, Refused
from tradewire.store.database import StoreUnavailable

_STATUS = {
    Code.INVALID: 400,
    Code.UNAUTHORIZED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.UNAVAILABLE: 503,
}
#: What Litestar says of a request without the body that its handler takes.
_NO_BODY = "'data'"
_CODES = {status: code for code, status in _STATUS.items()}


class ErrorAnswer(Struct):
    """What every answer of 4xx and 5xx holds."""

    error: str
    code: str
    problems: tuple[str, ...] = ()


def _refused(request: Request[Any, Any, Any], error: Refused) -> Response[ErrorAnswer]:
    return _answer(_STATUS[error.code], error.message, error.code, error.problems)


def _unhonoured(request: Request[Any, Any, Any], error: Unhonoured) -> Response[ErrorAnswer]:
    return _answer(400, str(error), Code.INVALID)


def _unavailable(request: Request[Any, Any, Any], error: StoreUnavailable) -> Response[ErrorAnswer]:
    return _answer(503, str(error), Code.UNAVAILABLE)


def _invalid(request: Request[Any, Any, Any], error: ValidationException) -> Response[ErrorAnswer]:
    problems = tuple(_problem(one) for one in error.extra or ())
    text = " ".join(problems) or str(error.detail)
    return _answer(400, text, Code.INVALID, problems)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorAnswer]:
    code = _CODES.get(error.status_code, Code.INVALID)
    answer = _answer(error.status_code, str(error.detail), code)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _too_deep(request: Request[Any, Any, Any], error: RecursionError) -> Response[ErrorAnswer]:
    return _answer(400, "The body is nested too deep.", Code.INVALID)


def _problem(one: Any) -> str:
    if isinstance(one, dict):
        field = one.get("key", "")
        text = str(one.get("message", "not understood")).replace("`", "").rstrip(".")
        if text == _NO_BODY:
            return "The body is missing; send a JSON object, {} where nothing is to be said."
        known = "" if field == "data" else field.removeprefix("order_")
        return f"{known}: {text}." if known else f"{text}."
    return str(one)


def _answer(status: int, text: str, code: str, problems: tuple[str, ...] = ()) -> Response[ErrorAnswer]:
    told = tuple(redact_text(problem) for problem in problems)
    body = ErrorAnswer(error=redact_text(text), code=str(code), problems=told)
    return Response(body, status_code=status, media_type="application/json")


HANDLERS: ExceptionHandlersMap = {
    Refused: _refused,
    Unhonoured: _unhonoured,
    StoreUnavailable: _unavailable,
    ValidationException: _invalid,
    HTTPException: _http,
    RecursionError: _too_deep,
}
