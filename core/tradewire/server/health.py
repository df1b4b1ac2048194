"""What `/health` says."""

from tradewire.domain.base import Struct


class Check(Struct):
    """One thing that was looked at; `detail` is a sentence, `age_s` how long its oldest work has waited."""

    name: str
    ok: bool
    detail: str = ""
    age_s: float | None = None


class HealthReport(Struct):
    """Healthy if every check is."""

    checks: tuple[Check, ...] = ()

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


class HealthBody(Struct):
    """`status` is "ok" (200) or "unhealthy" (503)."""

    status: str
    checks: tuple[Check, ...]
