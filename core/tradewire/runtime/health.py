"""How the engine is, seen from the HTTP loop: by its heartbeat and by what has waited too long."""

from tradewire.domain.clock import Clock
from tradewire.engine.sweeper import Sweeper
from tradewire.server.health import Check, HealthReport

#: What is due is worked within moments; anything that waits longer means that something hangs.
LONGEST_WAIT_S = 10.0


def engine_health(sweeper: Sweeper, clock: Clock, sweep_s: float) -> HealthReport:
    """Unhealthy when the sweeper stands still, or the oldest due account or signal waits over 10 s."""
    still = clock.monotonic() - sweeper.swept_at
    limit = max(3 * sweep_s, LONGEST_WAIT_S)
    beat = Check(
        name="engine",
        ok=still <= limit,
        detail="" if still <= limit else f"The engine has not looked for {still:.0f} s.",
        age_s=still,
    )
    oldest = sweeper.last.oldest
    age = max((clock.now() - oldest).total_seconds(), 0.0) if oldest is not None else 0.0
    waiting = Check(
        name="queue",
        ok=age <= LONGEST_WAIT_S,
        detail="" if age <= LONGEST_WAIT_S else f"The oldest due work has waited for {age:.0f} s.",
        age_s=age,
    )
    return HealthReport(checks=(beat, waiting))
