"""Where a PostgreSQL database is, and how it is named to the user: never with its password."""

from typing import NamedTuple

from sqlalchemy import URL, make_url

from tradewire.contract.errors import Unhonoured


class Address(NamedTuple):
    """`dsn` is for asyncpg and holds the password; `name` is for sentences and does not."""

    dsn: str
    name: str

    def __repr__(self) -> str:
        return f"Address({self.name})"


def address_of(url: str) -> Address:
    """Read a URL such as postgresql://user:password@host:5432/database?sslmode=verify-full.

    Its parameters are those of libpq as far as asyncpg knows them: host (a socket's folder), port, sslmode,
    sslrootcert, sslcert, sslkey, target_session_attrs … Raises `Unhonoured` where it names no database, or
    where its password ends too early.
    """
    read = make_url(url)
    if "@" in f"{read.host}{read.database}":
        # What stands behind the first "@" is taken for host and database, and would be named to the user.
        raise Unhonoured(
            'database_url has more than one "@": write what is special within the password as %40 for "@", '
            '%2F for "/", %3A for ":" and %25 for "%".'
        )
    if not read.database:
        raise Unhonoured(
            "database_url names no database; it looks like postgresql://user:password@host:5432/tradewire."
        )
    dsn = read.set(drivername="postgresql").render_as_string(hide_password=False)
    return Address(dsn=dsn, name=_name(read))


def _name(url: URL) -> str:
    host = url.host or url.query.get("host") or "this machine"
    port = url.port or url.query.get("port") or 5432
    return f'"{url.database}" on {host}:{port}'
