"""A session's durable storage: encrypted rows of its own account."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from tradewire.brokerage.tenure import FencedStore
from tradewire.security.sealing import Secrets
from tradewire.state import versions
from tradewire.store.schema import account_states


class AccountState:
    """See `tradewire.contract.broker.StateStore`."""

    def __init__(self, store: FencedStore, secrets: Secrets, account_id: str) -> None:
        self._store = store
        self._secrets = secrets
        self._account_id = account_id

    async def get(self, key: str) -> bytes | None:
        return (await self._read(account_states.c.key == key)).get(key)

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        return await self._read(account_states.c.key.startswith(prefix, autoescape=True))

    async def put(self, entries: Mapping[str, bytes | None]) -> None:
        sealed = {key: None if value is None else self._secrets.seal(value) for key, value in entries.items()}

        def unit(conn: Connection) -> None:
            versions.lock(conn, self._account_id)
            mine = account_states.c.account_id == self._account_id
            conn.execute(delete(account_states).where(mine, account_states.c.key.in_(list(sealed))))
            rows = [
                {"account_id": self._account_id, "key": key, "sealed": value}
                for key, value in sealed.items()
                if value is not None
            ]
            if rows:
                conn.execute(insert(account_states), rows)

        await self._store.write(unit)

    async def _read(self, which: object) -> dict[str, bytes]:
        query = select(account_states.c.key, account_states.c.sealed).where(
            account_states.c.account_id == self._account_id,
            which,  # type: ignore[arg-type]
        )
        rows = await self._store.read(lambda conn: conn.execute(query).all())
        return {row.key: self._secrets.unseal(row.sealed) for row in rows}
