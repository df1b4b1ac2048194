"""A database that stands still keeps nobody waiting: each request is answered while it still does."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.ingress.rig import Rig, Served
from core.ingress.troubled import Troubled

SENDERS = 20


class Frozen:
    """A served door whose database stands still in the middle of a transaction until `thaw`."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.held, self._go_on = threading.Event(), threading.Event()
        store = served.rig.store
        assert isinstance(store, Troubled)
        self._store = store

    def freeze(self) -> None:
        def stand_still() -> None:
            self.held.set()
            assert self._go_on.wait(120)

        self._store.before_batch = stand_still

    def thaw(self) -> None:
        self._store.before_batch = lambda: None
        self._go_on.set()

    @property
    def stands_still(self) -> bool:
        return self.held.is_set() and not self._go_on.is_set()


@pytest.fixture
def frozen(database_url: str) -> Iterator[Frozen]:
    rig = Rig(database_url, wrap_store=Troubled)
    with Served(rig) as served:
        frozen = Frozen(served)
        frozen.freeze()
        yield frozen
        frozen.thaw()
        # Behind all that still waits: it is over before the server's loop is.
        served.post(rig.message(qty=999))
    rig.store.close()


def test_all_who_send_while_the_database_stands_still_are_told_to_send_again(frozen: Frozen) -> None:
    served = frozen.served

    def post(number: int) -> httpx.Response:
        with httpx.Client(base_url=served.at.url, timeout=60, trust_env=False) as client:
            body = served.rig.message(qty=number + 1)
            return client.post("/api/tradingview/webhook", content=body)

    with ThreadPoolExecutor(SENDERS) as senders:
        answers = list(senders.map(post, range(SENDERS)))
        assert frozen.stands_still
    assert {one.status_code for one in answers} == {503}
    assert all(int(one.headers["retry-after"]) > 0 for one in answers)
    frozen.thaw()
    resent = [served.post(served.rig.message(qty=number + 1)).json()["status"] for number in range(SENDERS)]
    assert set(resent) <= {"accepted", "duplicate"}
    assert len({row.message.quantity for row in served.rig.signals() if row.status == "accepted"}) == SENDERS
    assert served.rig.statuses().count("accepted") == SENDERS


def test_what_needs_no_database_is_answered_as_ever_while_it_stands_still(frozen: Frozen) -> None:
    served = frozen.served
    wrong = served.rig.message(apiKey="tw_live_nonsense")
    with ThreadPoolExecutor(1) as senders:
        waiting = senders.submit(served.post, served.rig.message())
        assert frozen.held.wait(60)
        with httpx.Client(base_url=served.at.url, timeout=60, trust_env=False) as client:
            found = [
                client.get("/health").status_code,
                client.get("/metrics").status_code,
                client.post("/api/tradingview/webhook", content=wrong).status_code,
            ]
        assert frozen.stands_still
        assert found == [200, 200, 401]
        assert waiting.result().status_code == 503
