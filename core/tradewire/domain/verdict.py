"""A guardian's judgement of one order, and how judgements combine."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradewire.domain.base import Struct


class Scope(StrEnum):
    """The order of asking: global first, then the account, then the algorithm."""

    GLOBAL = "global"
    ACCOUNT = "account"
    ALGORITHM = "algorithm"


class Decision(StrEnum):
    """TRIM sends less (`Verdict.quantity`), DELAY asks again later (`Verdict.until`). NOT_APPLICABLE counts
    as ALLOW, and says that there was nothing to judge."""

    ALLOW = "allow"
    NOT_APPLICABLE = "not_applicable"
    TRIM = "trim"
    DELAY = "delay"
    BLOCK = "block"


class Verdict(Struct):
    """One guardian's answer. `reason` is a code for programs, `message` a sentence for people.

    `value`, `limit` and `headroom` are texts with their unit ("150 shares", "12000 USD"), so that a table of
    verdicts reads on its own. `quantity` is set by a trim, `until` by a delay. `guardian` and `scope` are
    filled in by the pipeline.
    """

    decision: Decision
    reason: str
    message: str
    guardian: str = ""
    scope: Scope = Scope.ALGORITHM
    value: str | None = None
    limit: str | None = None
    headroom: str | None = None
    quantity: Decimal | None = None
    until: datetime | None = None


def allow(
    reason: str,
    message: str,
    *,
    value: str | None = None,
    limit: str | None = None,
    headroom: str | None = None,
) -> Verdict:
    """The order may be sent. The texts are those of `Verdict`."""
    return Verdict(
        decision=Decision.ALLOW, reason=reason, message=message, value=value, limit=limit, headroom=headroom
    )


def block(
    reason: str,
    message: str,
    *,
    value: str | None = None,
    limit: str | None = None,
    headroom: str | None = None,
) -> Verdict:
    """The order is not sent. The texts are those of `Verdict`."""
    return Verdict(
        decision=Decision.BLOCK, reason=reason, message=message, value=value, limit=limit, headroom=headroom
    )


def not_applicable(reason: str, message: str) -> Verdict:
    """There is nothing to judge: what the guardian measures is absent, or the order does not concern it."""
    return Verdict(decision=Decision.NOT_APPLICABLE, reason=reason, message=message)


def combine(verdicts: Iterable[Verdict], quantity: Decimal) -> Verdict:
    """The most restrictive verdict: block over delay over trim over allow; smallest trim, latest delay.

    No verdict at all blocks: an order that nobody judged is not allowed.
    """
    asked = list(verdicts)
    for decision in (Decision.BLOCK, Decision.DELAY, Decision.TRIM):
        found = [verdict for verdict in asked if verdict.decision is decision]
        if found and decision is Decision.DELAY:
            return max(found, key=lambda verdict: (verdict.until is None, verdict.until))
        if found and decision is Decision.TRIM:
            smallest = min(found, key=lambda verdict: verdict.quantity or Decimal(0))
            if (smallest.quantity or Decimal(0)) >= quantity:
                continue
            return smallest
        if found:
            return found[0]
    if not asked:
        return block("not_judged", "No guardian judged this order, so it is not sent.")
    return allow("allowed", f"All {len(asked)} verdicts allow it.")
