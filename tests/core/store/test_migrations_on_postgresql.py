"""PostgreSQL gets the same tables, by one process at a time, each migration whole or not at all."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from servers.postgres import Postgres
from tradewire.contract.errors import Unhonoured
from tradewire.store.database import open_store
from tradewire.store.migrations import scripts
from tradewire.store.postgres_upgrade import on_postgres
from tradewire.store.schema import metadata
from tradewire.store.upgrade import Upgraded, upgrade

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, coalesce(column_default, ''), character_maximum_length
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
"""
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


def definitions(url: str) -> list[set[tuple[object, ...]]]:
    def look(connection: Connection, _: str) -> list[set[tuple[object, ...]]]:
        return [set(map(tuple, connection.execute(text(query)))) for query in (COLUMNS, CONSTRAINTS, INDEXES)]

    return on_postgres(url, look)


def execute(url: str, statement: str) -> None:
    store = open_store(url)
    store.write_now(lambda c: c.execute(text(statement)).close())
    store.close()


def test_the_migrated_database_differs_in_nothing_from_the_schema(scratch_url: str) -> None:
    upgrade(scratch_url)
    differences = on_postgres(
        scratch_url, lambda c, _: compare_metadata(MigrationContext.configure(c), metadata)
    )
    assert differences == []


def test_every_definition_is_that_of_the_schema(scratch_url: str, postgres: Postgres) -> None:
    upgrade(scratch_url)
    migrated = definitions(scratch_url)

    def create(connection: Connection, _: str) -> None:
        with connection.begin():
            metadata.create_all(connection)

    on_postgres(postgres.scratch(), create)
    assert definitions(scratch_url) == migrated


def test_a_second_upgrade_does_nothing(scratch_url: str) -> None:
    assert upgrade(scratch_url) == Upgraded(before=None, after=scripts.newest())
    assert upgrade(scratch_url) == Upgraded(before=scripts.newest(), after=scripts.newest())


def test_of_several_that_start_at_once_one_makes_the_tables(scratch_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(upgrade, [scratch_url] * 4))
    assert sorted(one.before or "" for one in done) == ["", *[scripts.newest()] * 3]


def test_it_can_be_called_from_an_event_loop(scratch_url: str) -> None:
    async def scene() -> Upgraded:
        return upgrade(scratch_url)

    assert asyncio.run(scene()).after == scripts.newest()


def test_a_migration_that_fails_half_way_leaves_nothing_and_runs_again(
    scratch_url: str, with_a_second_migration
) -> None:
    upgrade(scratch_url)
    before = definitions(scratch_url)
    with_a_second_migration('raise RuntimeError("half-way")')
    with pytest.raises(RuntimeError, match="half-way"):
        upgrade(scratch_url)
    assert definitions(scratch_url) == before


def test_what_is_there_is_migrated_without_a_copy(scratch_url: str, with_a_second_migration) -> None:
    upgrade(scratch_url)
    before = scripts.newest()
    with_a_second_migration("pass")
    assert upgrade(scratch_url) == Upgraded(before=before, after="9001", backup=None)


def test_a_database_of_a_newer_tradewire_is_refused_in_words(scratch_url: str) -> None:
    upgrade(scratch_url)
    execute(scratch_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unhonoured, match=r"revision 9999, .* put back your copy of before"):
        upgrade(scratch_url)


def test_another_programs_database_is_refused_and_left_alone(scratch_url: str) -> None:
    execute(scratch_url, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(Unhonoured, match="another program's database"):
        upgrade(scratch_url)
    assert {name for name, *_ in definitions(scratch_url)[0]} == {"theirs"}
