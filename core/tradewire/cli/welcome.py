"""What `tradewire up` prints once it is ready: where to send alerts, what to put into them, a line to try."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import msgspec

from tradewire.cli import screen
from tradewire.domain.base import Struct
from tradewire.runtime.first_run import ACCOUNT, ALGORITHM, CONNECTION, STARTING_CASH, AlertSetup
from tradewire.server.embedded import ListeningAt

WEBHOOK_PATH = "/api/tradingview/webhook"
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_NO_KEY = "YOUR_KEY"
_DEFAULT_FOLDER = ".tradewire"
_PROGRAM = "tradewire"


class Ready(Struct, omit_defaults=True):
    """The line that `up --json` prints: `webhook` is for alerts, `key` there on the first run only."""

    url: str
    webhook: str
    folder: str
    pid: int
    first: bool
    connection: str | None
    strategy_id: str | None
    key: str | None = None


class Welcome(Struct):
    """`public_url` is the one that TradingView uses, where the settings name it."""

    folder: Path
    at: ListeningAt
    public_url: str | None
    alerts: AlertSetup

    @property
    def local_url(self) -> str:
        """Where this machine reaches it, also when it listens on every address."""
        host = _ANY_ADDRESS.get(self.at.host, self.at.host)
        return ListeningAt(host=host, port=self.at.port, tls=self.at.tls).url

    @property
    def webhook(self) -> str:
        return (self.public_url or self.local_url).rstrip("/") + WEBHOOK_PATH

    def command(self, words: str) -> str:
        """A `tradewire` command that means this folder, and that the shell finds."""
        default = self.folder == Path(_DEFAULT_FOLDER).absolute()
        return f"{_program()} {words}" + ("" if default else f" --data {shlex.quote(str(self.folder))}")

    def payload(self) -> str:
        """The alert's message, its placeholders left for TradingView to fill in."""
        return self._message(
            symbol="{{ticker}}",
            action="{{strategy.order.action}}",
            qty="{{strategy.order.contracts}}",
            time="{{timenow}}",
        )

    def curl(self) -> str:
        """One line that buys 10 shares of AAPL."""
        # The certificate is for the public name, and this goes to the machine itself.
        insecure = "-k " if self.at.tls else ""
        body = self._message(symbol="AAPL", action="BUY", qty=10)
        return (
            f"curl {insecure}-sS {self.local_url}{WEBHOOK_PATH} "
            f"-H 'Content-Type: application/json' -d {shlex.quote(body)} -w '\\n'"
        )

    def _message(self, **fields: str | int) -> str:
        start = {
            "apiKey": self.alerts.secret or _NO_KEY,
            "strategyId": self.alerts.strategy_id or ALGORITHM,
        }
        return json.dumps({**start, **fields}, separators=(",", ":"))


def _program() -> str:
    """`tradewire`, or the path it was started by where PATH does not lead to one."""
    started = sys.argv[0]
    by_path = Path(started).name == _PROGRAM and shutil.which(_PROGRAM) is None
    return shlex.quote(started) if by_path else _PROGRAM


def print_json(welcome: Welcome) -> None:
    alerts = welcome.alerts
    ready = Ready(
        url=welcome.local_url,
        webhook=welcome.webhook,
        folder=str(welcome.folder),
        pid=os.getpid(),
        first=alerts.first,
        connection=alerts.connection,
        strategy_id=alerts.strategy_id,
        key=alerts.secret,
    )
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


def print_welcome(welcome: Welcome) -> None:
    """Readable at 80 columns; what is to be copied stands on a line of its own and is never cut."""
    out = screen.console()

    def say(text: str = "") -> None:
        out.print(text)

    def copy(text: str) -> None:
        out.print(text, markup=False, soft_wrap=True, style="cyan")
        out.print()

    alerts = welcome.alerts
    say(f"[bold green]Tradewire is running[/bold green] at {welcome.local_url}")
    say(f"[dim]Everything is kept in {screen.escape(str(welcome.folder))}[/dim]\n")
    if alerts.first:
        say("Made for you, since this folder was empty:")
        say(f"  account    [bold]{ACCOUNT}[/bold]: ${STARTING_CASH:,} of play money, trades round the clock")
        say(f"  algorithm  [bold]{ALGORITHM}[/bold]: started, until you stop it; symbol, action, size and")
        say("             order type come from the message; may sell short")
        say(f"  key        [bold]{CONNECTION}[/bold]: in the lines below; treat it like a password\n")
    say("[bold]Webhook URL[/bold] for TradingView")
    copy(welcome.webhook)
    say("[bold]Message[/bold] of the alert")
    copy(welcome.payload())
    say("[bold]Try it[/bold]: paste this into another terminal; it buys 10 AAPL on paper")
    copy(welcome.curl())
    if alerts.first:
        say("The same line again within 45 s counts as a resend and buys nothing twice.")
    else:
        for line in _missing(welcome):
            say(line)
    say(f"Then look: {screen.escape(welcome.command('signals'))}")
    if welcome.public_url is None:
        say("TradingView calls from the internet, by https on port 443: docs/guide/reach.md")
    say("[dim]Ctrl-C stops it.[/dim]")
    sys.stdout.flush()


def _missing(welcome: Welcome) -> list[str]:
    alerts = welcome.alerts
    lines = []
    if alerts.connection is None:
        lines.append(f"No key works any more: {welcome.command('key new')}")
    else:
        reveal = screen.escape(welcome.command(f"key reveal {alerts.connection}"))
        lines.append(f"{_NO_KEY} is shown by: {reveal}")
        lines.append(
            f"[dim](it asks for the owner's password: {screen.escape(welcome.command('password'))})[/dim]"
        )
    if alerts.strategy_id is None:
        lines.append(f"No algorithm is started: {welcome.command('algorithm list')}")
    return lines
