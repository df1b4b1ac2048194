"""Marked secrets, used everywhere through a real `tradewire up` that logs all it can: none of them leaks."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import plain_http
from integration.up import Up
from tradewire.security.tokens import new_token

PASSWORD = "canary-owner-password-4711"
DATABASE_PASSWORD = "canary-database-4712"
BROKER_PASSWORD = "canary-broker-4713"
#: A checksum that does not hold: nobody's key, and somebody may have mistyped theirs.
WRONG_KEY = "tw_live_" + "CanaryWrongKey4714" + "z" * 20
PATH_SECRET = "canary-in-the-path-4715"
QUERY_SECRET = "canary-in-the-query-4716"
HEADER_SECRET = "canary-in-a-header-4717"


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    monkeypatch.setenv("TRADEWIRE_LOG__LEVEL", "debug")
    monkeypatch.setenv("TRADEWIRE_LOG__JSON", "true")
    made = Up(tmp_path / "data")
    yield made
    if made.process.poll() is None:
        made.kill()


class Listener:
    """Keeps everything that was answered."""

    def __init__(self, up: Up) -> None:
        self._client = plain_http.Client(base_url=up.url, timeout=20)
        self.heard = ""

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        answer = self._client.request(method, path, **options)  # type: ignore[arg-type]
        self.heard += f"{answer.status_code} {dict(answer.headers)} {answer.text}\n"
        return answer


def send_everything(up: Up, to: Listener, api_token: str, unknown_token: str) -> None:
    """Every secret in every place where somebody may put it."""
    right, wrong = up.key, WRONG_KEY
    webhook = "/api/tradingview/webhook"
    order = {"strategyId": "my_strategy_1", "symbol": "AAPL", "action": "buy", "qty": 1}
    for key in (right, wrong):
        to.ask("POST", webhook, json={"apiKey": key, **order, "id": key[-6:]})
        to.ask("POST", webhook, json={"apiKey": key, **order, "comment": key, "qty": "many"})
        to.ask("POST", webhook, content=f'{{"apiKey": "{key}", "action": broken')
        to.ask("POST", webhook, content=f'{{"apiKey": "{key[:4]}\\u005f{key[5:]}", "action": 1}}')
        to.ask("POST", f"{webhook}?apiKey={key}", json=order, headers={"x-api-key": key})
        to.ask("POST", f"/api/{key}/webhook", json=order)
        for method in ("GET", "PUT", "POST"):
            to.ask(method, f"/api/traderspost/webhook/{key}/mine", json=order)
            to.ask(method, f"/api/traderspost/webhook/{PATH_SECRET}/mine?key={QUERY_SECRET}", json=order)
            to.ask(method, f"/api/nowhere/{key}")
    for token in (api_token, unknown_token):
        bearer = {"authorization": f"Bearer {token}", "cookie": f"session={HEADER_SECRET}"}
        for path in (
            "/status",
            "/signals",
            "/orders",
            "/refused",
            "/accounts",
            "/switches",
            "/doctor",
            "/nothing",
        ):
            to.ask("GET", f"/api/v1{path}?token={QUERY_SECRET}", headers=bearer)
        to.ask("PUT", "/api/v1/password", headers=bearer, json={"password": PASSWORD, "surprise": PASSWORD})
        account = {"name": "b", "broker": "paper", "config": {"password": BROKER_PASSWORD}}
        to.ask("POST", "/api/v1/accounts", headers=bearer, json=account)
        to.ask("POST", "/api/v1/accounts", headers=bearer, content=f'{{"password": "{BROKER_PASSWORD}"')
    for path in ("/metrics", "/health", "/api/v1/openapi/openapi.json"):
        to.ask("GET", path)


def unpacked(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_no_secret_is_in_a_log_an_answer_the_ledger_or_a_backup(up: Up, tmp_path: Path) -> None:
    api_token = up.call("POST", "/tokens", json={"name": "canary", "scope": "owner"})["secret"]
    unknown_token = new_token()
    listener = Listener(up)
    send_everything(up, listener, api_token, unknown_token)
    backup = tmp_path / "backup.zip"
    made = subprocess.run(
        [sys.executable, "-m", "tradewire", "backup", str(backup), "--data", str(up.folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    listener.close()
    export = up.api.get("/audit/export").text
    assert up.stop() == 0

    log = up.log()
    places = {
        "the log": log,
        "an answer": listener.heard,
        "the ledger's export": export,
        "the backup": unpacked(backup),
        "what backing up prints": made.stdout + made.stderr,
        "the database": (up.folder / "tradewire.db").read_bytes().decode("utf-8", "replace"),
    }
    secrets = {
        "the webhook key": up.key,
        "the key's body": up.key.removeprefix("tw_live_"),
        "a wrong key": WRONG_KEY,
        "the API token": api_token,
        "an unknown token": unknown_token,
        "the owner's password": PASSWORD,
        "a broker's password": BROKER_PASSWORD,
        "a secret in the path": PATH_SECRET,
        "a secret in the query": QUERY_SECRET,
        "a secret in a header": HEADER_SECRET,
    }
    leaks = [
        f"{secret} is in {place}"
        for place, text in places.items()
        for secret, value in secrets.items()
        if value in text
    ]
    assert leaks == []
    assert up.key[-4:] in listener.heard + export + places["the backup"], "not even its last characters"
    assert all(json.loads(line) for line in log.splitlines())


def test_a_databases_password_is_in_no_sentence_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIRE_LOG__LEVEL", "debug")
    url = f"postgresql://me:{DATABASE_PASSWORD}@127.0.0.1:1/nothing"
    monkeypatch.setenv("TRADEWIRE_DATABASE_URL", url)
    monkeypatch.setenv("TRADEWIRE_DRAMATIQ_URL", f"redis://:{DATABASE_PASSWORD}@127.0.0.1:1/0")
    for command in (["up", "--port", "0"], ["status"], ["doctor"], ["backup", str(tmp_path / "b.zip")]):
        done = subprocess.run(
            [sys.executable, "-m", "tradewire", *command, "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode != 0
        assert DATABASE_PASSWORD not in done.stdout + done.stderr
