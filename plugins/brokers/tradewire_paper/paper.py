"""The paper broker: opens a session in-process, or to a venue process where `url` is set."""

from collections.abc import Mapping, Sequence
from typing import Any

from tradewire import AccountConfig, AccountMode, Broker, Env, Manifest, Session
from tradewire_paper.config import FIELDS, problems_of, read_config


class PaperBroker(Broker):
    """A simulated account: real prices and real money are nowhere involved."""

    name = "paper"
    manifest = Manifest(title="Paper trading", fields=FIELDS, modes=(AccountMode.PAPER,))

    async def open(self, account: AccountConfig, env: Env) -> Session:
        config = read_config(account.config)
        if config.url is not None:
            from tradewire_paper.client import connect

            return await connect(account, config, env)
        from tradewire_paper.session import open_session

        return await open_session(account, config, env)

    def check(self, config: Mapping[str, Any], credentials: Mapping[str, str]) -> Sequence[str]:
        return problems_of(config)
