"""As TradingView sends: what is answered with a 5xx is sent again.

A machine whose disk stands still for seconds is answered so, and rightly; tests that are not about it go on.
"""

from collections.abc import Callable

import httpx

#: As often as TradingView does it.
RESENDS = 3


def sent(post: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is not a 5xx, or the last one."""
    answer = post()
    for _ in range(RESENDS):
        if answer.status_code < 500:
            break
        answer = post()
    return answer


def signal_of(answer: httpx.Response) -> str:
    """The id of the signal that was accepted, now or when the same message came before."""
    said = answer.json()
    assert said["status"] in ("accepted", "duplicate"), answer.text
    return str(said["of"] if said["status"] == "duplicate" else said["id"])
