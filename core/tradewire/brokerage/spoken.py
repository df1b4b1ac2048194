"""What a broker says in words and what its plugin answers, as they are kept: input like any other."""

from tradewire.contract.broker import Accepted, Rejected, RejectKind, SubmitResult, Unknown
from tradewire.security.redaction import redact_text

#: Of what a broker says about an order so much is kept.
LONGEST_MESSAGE = 1_000
#: More is not even searched for secrets; one that is cut in two here is not kept anyway.
_SEARCHED = 10 * LONGEST_MESSAGE


def spoken(text: object) -> str:
    """A broker's words for the ledger, which nobody can take them out of again: secrets are masked, since
    brokers repeat what they were sent, and what is too long is cut."""
    whole = text if isinstance(text, str) else repr(text)
    masked = redact_text(whole[:_SEARCHED])
    return masked if len(masked) <= LONGEST_MESSAGE else f"{masked[:LONGEST_MESSAGE]}…"


def understood(answer: object) -> SubmitResult:
    """What a session answered to an order; what cannot be understood says nothing about the order."""
    if isinstance(answer, Accepted) and isinstance(answer.broker_order_id, str):
        return answer
    if isinstance(answer, Rejected) and isinstance(answer.kind, RejectKind):
        return answer
    if isinstance(answer, Unknown):
        return answer
    return Unknown(cause=f"The session's answer is none that can be understood: {spoken(answer)}")
