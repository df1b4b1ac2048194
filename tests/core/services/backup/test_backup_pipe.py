"""From the thread that writes a backup to whoever reads it."""

import threading

import pytest

from tradewire.services.backup.pipe import Pipe, ReaderGone


def read_all(pipe: Pipe) -> bytes:
    pieces = []
    while (piece := pipe.take()) is not None:
        pieces.append(piece)
    return b"".join(pieces)


def test_what_is_written_arrives_whole_and_in_order() -> None:
    pipe = Pipe()
    content = bytes(range(256)) * 40_000

    def write() -> None:
        for start in range(0, len(content), 100_000):
            pipe.write(content[start : start + 100_000])
        pipe.end()

    writer = threading.Thread(target=write)
    writer.start()
    assert read_all(pipe) == content
    writer.join()


def test_a_writer_whose_reader_has_gone_is_told() -> None:
    pipe = Pipe()
    pipe.leave()
    with pytest.raises(ReaderGone):
        pipe.write(bytes(1024 * 1024))


def test_an_empty_file_ends_at_once() -> None:
    pipe = Pipe()
    pipe.end()
    assert read_all(pipe) == b""
