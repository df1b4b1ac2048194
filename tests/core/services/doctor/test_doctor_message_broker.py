"""What the doctor says of the message broker: it has to answer, not only to take a connection."""

import socket
from collections.abc import Iterator

import pytest

from servers.rabbitmq import RabbitMq
from servers.valkey import Valkey
from tradewire.services.doctor.finding import Status
from tradewire.services.doctor.message_broker import message_broker_finding


@pytest.fixture(scope="module")
def own() -> Iterator[Valkey]:
    server = Valkey()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_none_is_needed_in_one_process() -> None:
    assert message_broker_finding(None).status is Status.OK


def test_one_that_answers_is_well(valkey: Valkey) -> None:
    found = message_broker_finding(valkey.url.replace("redis:", "valkey:"))
    assert (found.status, found.detail) == (Status.OK, f"127.0.0.1:{valkey.port} answers.")


def test_a_rabbitmq_that_answers_is_well_and_a_wrong_password_is_told(rabbitmq: RabbitMq) -> None:
    assert message_broker_finding(rabbitmq.url).status is Status.OK
    wrong = f"amqp://guest:hunter2@127.0.0.1:{rabbitmq.port}/"
    found = message_broker_finding(wrong)
    assert (found.status, "refuses the user or the password" in found.detail) == (Status.WARN, True)
    assert "hunter2" not in str(found)


def test_one_that_is_frozen_takes_connections_and_is_not_well(own: Valkey) -> None:
    own.freeze()
    try:
        found = message_broker_finding(own.url)
    finally:
        own.revive()
    assert found.status is Status.WARN
    assert "takes connections, and does not answer" in found.detail
    assert message_broker_finding(own.url).status is Status.OK


def test_nobody_there_is_told_and_no_password_is_shown() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = message_broker_finding(f"redis://:hunter2@127.0.0.1:{port}/0")
    assert (found.status, f"127.0.0.1:{port} does not answer" in found.detail) == (Status.WARN, True)
    assert "hunter2" not in str(found)


def test_a_password_that_is_refused_is_told_and_not_shown(own: Valkey) -> None:
    assert own.ask("CONFIG SET requirepass swordfish") == "+OK"
    try:
        found = message_broker_finding(f"redis://:hunter2@127.0.0.1:{own.port}/0")
        assert message_broker_finding(f"redis://:swordfish@127.0.0.1:{own.port}/0").status is Status.OK
    finally:
        own_reset = socket.create_connection(("127.0.0.1", own.port))
        own_reset.sendall(b"AUTH swordfish\r\nCONFIG SET requirepass ''\r\n")
        own_reset.recv(64)
        own_reset.close()
    assert (found.status, "refuses the user or the password" in found.detail) == (Status.WARN, True)
    assert "hunter2" not in str(found)
