"""kill -9: whatever was acknowledged is there afterwards, and nothing is there by half."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tradewire.store.database import open_store

WRITER = """
import itertools, os, sys, threading
from sqlalchemy import text
from tradewire.store.database import open_store

store = open_store(sys.argv[1])
numbers = itertools.count(int(sys.argv[2]))

def unit(number):
    def insert(connection):
        for half in "ab":
            connection.execute(text("INSERT INTO halves VALUES (:n, :h)"), {"n": number, "h": half})
    return insert

def write():
    for number in numbers:
        store.write_now(unit(number))
        os.write(1, f"{number}\\n".encode())

for _ in range(4):
    threading.Thread(target=write).start()
"""


@pytest.fixture
def prepared(url: str) -> str:
    store = open_store(url)
    store.write_now(lambda c: c.exec_driver_sql("CREATE TABLE halves (number INTEGER, half TEXT)").close())
    store.close()
    return url


def test_every_acknowledged_unit_survives_whole(prepared: str, tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    joined = {"sqlite": "group_concat", "postgresql": "string_agg"}
    for round_ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, prepared, str(round_ * 1_000_000)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(100)]
            process.kill()
            lines += process.stdout.read().splitlines()
        acknowledged |= {int(line) for line in lines}
        store = open_store(prepared)
        stored = store.read_now(
            lambda c: dict(
                c.execute(
                    text(f"SELECT number, {joined[c.dialect.name]}(half, '') FROM halves GROUP BY 1")
                ).all()
            )
        )
        store.close()
        assert acknowledged <= stored.keys()
        assert set(stored.values()) <= {"ab", "ba"}
    assert len(acknowledged) >= 300
