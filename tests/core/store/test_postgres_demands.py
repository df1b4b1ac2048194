"""What a PostgreSQL server must be before a 200 may rest on it, and how it is told to the user."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from servers.postgres import PASSWORD, Postgres
from tradewire.contract.errors import Unhonoured
from tradewire.store.database import Store, StoreUnavailable, open_store
from tradewire.store.upgrade import upgrade


@pytest.fixture(scope="module")
def careless() -> Iterator[Postgres]:
    """A server that acknowledges before anything is on the disk."""
    server = Postgres(fsync="off")
    try:
        server.start()
        yield server
    finally:
        server.remove()


def setting(store: Store, name: str) -> str:
    return str(store.read_now(lambda c: c.execute(text(f"SHOW {name}")).scalar()))


@pytest.mark.parametrize("open_it", [open_store, upgrade])
def test_a_server_that_does_not_fsync_is_refused(careless: Postgres, open_it) -> None:
    with pytest.raises(Unhonoured, match=r"runs with fsync = off.*postgresql\.conf") as refused:
        open_it(careless.url())
    assert PASSWORD not in str(refused.value)


def test_a_database_that_cannot_hold_every_text_is_refused(postgres: Postgres) -> None:
    name = "latin"
    postgres.execute(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    with pytest.raises(Unhonoured, match=r"encoded in LATIN1, which cannot hold every text"):
        open_store(postgres.url(name))
    postgres.drop(postgres.url(name))


def test_a_commit_waits_for_the_disk_whatever_the_databases_default_is(
    postgres: Postgres, own_postgres_url: str
) -> None:
    database = own_postgres_url.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
    store = open_store(own_postgres_url)
    assert setting(store, "synchronous_commit") == "on"
    store.close()


def test_a_stronger_promise_of_the_server_is_left_alone(postgres: Postgres, own_postgres_url: str) -> None:
    database = own_postgres_url.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {database} SET synchronous_commit = remote_apply")
    store = open_store(own_postgres_url)
    assert setting(store, "synchronous_commit") == "remote_apply"
    store.close()


def test_connections_name_the_program_and_have_their_time_outs(postgres_store: Store) -> None:
    names = ("application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    said = [setting(postgres_store, name) for name in names]
    assert said == ["tradewire", "30s", "6s", "5s"]


def test_a_standby_is_refused_until_it_is_promoted() -> None:
    server = Postgres()
    try:
        (server.data / "standby.signal").touch()
        server.start()
        with pytest.raises(StoreUnavailable, match="read-only standby"):
            open_store(server.url())
    finally:
        server.remove()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "wrong-horse"}, "refuses the user or the password"),
        ({"database": "nowhere"}, "no such database; create it"),
        ({"host": "nowhere.invalid"}, "name is not known"),
        ({"query": "?sslmode=require"}, "No trusted TLS connection"),
        ({"query": "?sslmode=maybe"}, "a parameter after the question mark"),
        ({"query": "?blarney=1"}, "a parameter after the question mark"),
    ],
)
@pytest.mark.parametrize("open_it", [open_store, upgrade])
def test_what_keeps_it_from_connecting_is_said_without_the_password(
    postgres: Postgres, open_it, changed: dict[str, str], said: str
) -> None:
    parts = {"password": PASSWORD, "host": "127.0.0.1", "database": "postgres", "query": "", **changed}
    url = "postgresql://tradewire:{password}@{host}:%d/{database}{query}".format(**parts) % postgres.port
    with pytest.raises((StoreUnavailable, Unhonoured), match=said) as refused:
        open_it(url)
    assert parts["password"] not in f"{refused.value!r}{refused.value.__context__!r}"


def test_a_server_without_a_connection_to_spare_says_what_to_do(postgres: Postgres) -> None:
    postgres.execute("CREATE ROLE crowded LOGIN PASSWORD 'crowded' CONNECTION LIMIT 0")
    with pytest.raises(StoreUnavailable, match="raise its max_connections, or start fewer processes"):
        open_store(postgres.url().replace(f"tradewire:{PASSWORD}", "crowded:crowded"))
    postgres.execute("DROP ROLE crowded")


def test_it_connects_through_a_socket_in_the_file_system(postgres: Postgres) -> None:
    store = open_store(postgres.url(by_socket=True))
    assert store.read_now(lambda c: c.scalar(text("SELECT inet_server_addr() IS NULL")))
    store.close()
