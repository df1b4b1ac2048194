"""What the doctor says about one thing."""

from enum import StrEnum

from tradewire.domain.base import Struct


class Status(StrEnum):
    """WARN: it works, and should be looked at. FAIL: it does not work, or what is promised does not hold."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct):
    """`detail` is what was found, `advice` what to do where that is needed; both are sentences."""

    name: str
    status: Status
    detail: str
    advice: str = ""


class Diagnosis(Struct):
    """`ok` unless something failed."""

    ok: bool
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: tuple[Finding, ...]) -> "Diagnosis":
        return cls(ok=all(one.status is not Status.FAIL for one in findings), findings=findings)


def ok(name: str, detail: str) -> Finding:
    return Finding(name=name, status=Status.OK, detail=detail)


def warn(name: str, detail: str, advice: str) -> Finding:
    return Finding(name=name, status=Status.WARN, detail=detail, advice=advice)


def fail(name: str, detail: str, advice: str) -> Finding:
    return Finding(name=name, status=Status.FAIL, detail=detail, advice=advice)
