"""Whoever gives an address to a command gets an end of it, whatever answers there."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.cli.conftest import Cli
from tradewire.cli import bounded
from tradewire.cli.exits import Exit

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
Answer = Callable[[socket.socket, threading.Event], None]


def huge(peer: socket.socket, over: threading.Event, head: bytes = HEAD) -> None:
    peer.sendall(head + CHUNKED)
    while not over.is_set():
        peer.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def unpacked(peer: socket.socket, over: threading.Event) -> None:
    packed = gzip.compress(b" " * 50_000_000)
    peer.sendall(HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed)


def refusing(peer: socket.socket, over: threading.Event) -> None:
    huge(peer, over, HEAD.replace(b"200 OK", b"500 No"))


def slow(peer: socket.socket, over: threading.Event) -> None:
    peer.sendall(HEAD + CHUNKED)
    while not over.wait(0.01):
        peer.sendall(b"1\r\n \r\n")


def slow_head(peer: socket.socket, over: threading.Event) -> None:
    peer.sendall(HEAD)
    while not over.wait(0.01):
        peer.sendall(b"x: y\r\n")


def another(peer: socket.socket, over: threading.Event) -> None:
    page = b"<html>Welcome to nginx!</html>"
    peer.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(page) + page)


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The URL of somebody who answers everybody so, until the block ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                    with peer:
                        peer.recv(65_536)
                        answer(peer, over)
                except OSError:
                    if over.is_set():
                        return

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST", 1024 * 1024)
    monkeypatch.setenv("TRADEWIRE_TOKEN", "tw_api_" + "x" * 38)


@pytest.mark.parametrize("answer", [huge, unpacked, refusing])
def test_an_answer_that_is_too_long_is_not_kept_and_said_to_be_so(cli: Cli, answer: Answer) -> None:
    with answering(answer) as url:
        shown = cli("status", "--url", url)
    assert shown.code == Exit.UNREACHABLE
    assert f"{url} answered with more than 1 MiB" in " ".join(shown.err.split())


@pytest.mark.parametrize("answer", [slow, slow_head])
def test_an_answer_that_does_not_end_ends_the_command_in_words(
    cli: Cli, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "WHOLE_S", 0.3)
    with answering(answer) as url:
        shown = cli("signals", "--url", url)
    assert shown.code == Exit.UNREACHABLE
    assert f"{url} did not finish its answer within" in " ".join(shown.err.split())


@pytest.mark.parametrize(("answer", "why"), [(huge, "more than 1 MiB"), (slow, "did not finish its answer")])
def test_a_signal_that_is_sent_waits_for_no_answer_without_end(
    cli: Cli, tmp_path: Path, answer: Answer, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "WHOLE_S", 0.3 if answer is slow else 60)
    key = tmp_path / "key"
    key.write_text("tw_live_" + "x" * 38)
    with answering(answer) as url:
        shown = cli("signal", "send", "--url", url, "--key-file", str(key))
    assert shown.code == Exit.UNREACHABLE
    assert why in " ".join(shown.err.split())


def test_a_refusal_of_what_comes_in_pieces_is_not_kept_without_end(cli: Cli) -> None:
    with answering(refusing) as url:
        shown = cli("audit", "export", "--url", url)
    assert shown.code == Exit.UNREACHABLE
    assert "more than 1 MiB" in " ".join(shown.err.split())


def test_something_else_that_answers_there_is_called_so(cli: Cli) -> None:
    with answering(another) as url:
        shown = cli("status", "--url", url)
    assert shown.code == Exit.UNREACHABLE
    assert f"{url} does not answer as this version of Tradewire does" in " ".join(shown.err.split())
