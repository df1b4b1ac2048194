"""On PostgreSQL a lower seq may be committed after a higher one, and none is ever skipped or overtaken."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text

from core.ledger.samples import entry
from tradewire.ledger import seal as sealing
from tradewire.ledger.append import append
from tradewire.ledger.damage import Verification
from tradewire.ledger.read import tail
from tradewire.ledger.seal import seal
from tradewire.ledger.verify import verify
from tradewire.store.database import Store, open_store


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url)
    yield store
    store.close()


class Appending:
    """A transaction that has appended one entry, and commits when it is told to."""

    def __init__(self, store: Store, place: int) -> None:
        self._drawn, self._go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=store.write_now, args=(self._unit,))
        self._place = place
        self._thread.start()
        self._drawn.wait()

    def commit(self) -> None:
        self._go_on.set()
        self._thread.join()

    def _unit(self, conn: Connection) -> None:
        append(conn, [entry(self._place)])
        self._drawn.set()
        self._go_on.wait()


def appending(store: Store, *places: int) -> None:
    store.write_now(lambda conn: append(conn, [entry(place) for place in places]))


def verified(store: Store) -> Verification:
    return store.read_now(verify)


def test_what_was_appended_is_sealed_and_verifies(store: Store) -> None:
    appending(store, 1, 2, 3)
    assert [store.write_now(lambda conn: seal(conn, limit=2)) for _ in range(3)] == [2, 1, 0]
    found = verified(store)
    assert (found.ok, found.last, found.unsealed) == (True, 3, 0)


def test_an_entry_on_its_way_holds_up_the_sealer_and_is_not_overtaken(store: Store) -> None:
    late = Appending(store, 1)
    appending(store, 2)
    assert store.write_now(seal) == 0
    late.commit()
    assert store.write_now(seal) == 2
    assert verified(store).ok
    assert [one.signal_id for one in store.read_now(tail)] == ["signal-2", "signal-1"]


def test_the_sealer_waits_only_for_those_who_were_there_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise under steady load it would never come to seal anything."""
    first = Appending(store, 1)
    seen: list[Appending] = []

    appending(store, 2)
    original = sealing._STILL_APPENDING

    class Meanwhile:
        """While the sealer waits, the first commits and another begins."""

        def __init__(self) -> None:
            self.done = False

        def _execute_on_connection(self, *arguments: object, **options: object) -> object:
            if not self.done:
                self.done = True
                first.commit()
                seen.append(Appending(store, 3))
            return original._execute_on_connection(*arguments, **options)

    monkeypatch.setattr(sealing, "_STILL_APPENDING", Meanwhile())
    assert store.write_now(seal) == 2
    seen[0].commit()
    assert verified(store).unsealed == 1


def test_a_sealer_stops_no_writer(store: Store) -> None:
    appending(store, 1)
    sealed, go_on = threading.Event(), threading.Event()

    def slow(conn: Connection) -> int:
        done = seal(conn)
        sealed.set()
        go_on.wait()
        return done

    with ThreadPoolExecutor(1) as threads:
        sealer = threads.submit(store.write_now, slow)
        sealed.wait()
        appending(store, 2)
        assert store.write_now(seal) == 0
        go_on.set()
        assert sealer.result() == 1
    assert store.write_now(seal) == 1
    assert verified(store).ok


def test_an_append_that_is_undone_leaves_a_gap_that_is_none(store: Store) -> None:
    def undone(conn: Connection) -> None:
        append(conn, [entry(1)])
        raise ValueError

    with pytest.raises(ValueError):
        store.write_now(undone)
    appending(store, 2)
    assert store.write_now(seal) == 1
    assert verified(store).ok


def test_nothing_is_skipped_however_writers_and_sealers_meet(store: Store) -> None:
    chance = random.Random(7)
    plans = [[chance.randrange(1, 4) for _ in range(25)] for _ in range(5)]
    ended = threading.Event()

    def write(plan: list[int]) -> None:
        for count in plan:

            def unit(conn: Connection, count: int = count) -> None:
                for place in range(count):
                    append(conn, [entry(place)])
                    conn.execute(text("SELECT pg_sleep(random() / 200)")).close()

            store.write_now(unit)

    def keep_sealing() -> None:
        while not ended.is_set():
            store.write_now(lambda conn: seal(conn, limit=20))

    with ThreadPoolExecutor(7) as threads:
        sealers = [threads.submit(keep_sealing) for _ in range(2)]
        list(threads.map(write, plans))
        ended.set()
        for sealer in sealers:
            sealer.result()
    while store.write_now(seal):
        pass
    found = verified(store)
    assert (found.problems, found.last, found.unsealed) == ((), sum(map(sum, plans)), 0)


@pytest.mark.parametrize(
    "change",
    ["UPDATE {} SET seq = 9", "DELETE FROM {}", "TRUNCATE {} CASCADE"],
)
def test_the_ledger_refuses_to_be_changed(store: Store, change: str) -> None:
    appending(store, 1)
    with pytest.raises(Exception, match="the ledger is append-only"):
        store.write_now(lambda conn: conn.execute(text(change.format("ledger_entries"))).close())
    assert len(store.read_now(tail)) == 1


def test_an_edit_by_whoever_owns_the_server_is_found(store: Store) -> None:
    appending(store, 1, 2, 3)
    store.write_now(seal)

    def edit(conn: Connection) -> None:
        conn.execute(text("SET LOCAL session_replication_role = replica")).close()
        conn.execute(text("UPDATE ledger_entries SET kind = 'fill.stored' WHERE seq = 2")).close()

    store.write_now(edit)
    [problem] = verified(store).problems
    assert (problem.number, problem.damage.value) == (2, "edited")
