"""A checkpoint: one number and its hash, kept where whoever can change the database cannot reach."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from tradewire.contract.errors import Unhonoured
from tradewire.domain.base import Struct
from tradewire.ledger.canonical import moment_of, rfc3339
from tradewire.ledger.chain import store_id
from tradewire.store.schema.ledger import ledger_seals


class Checkpoint(Struct):
    """Entry `number` of ledger `store_id` had this hash (64 lower-case hex digits) at the time `at`."""

    number: int
    hash: str
    at: datetime
    store_id: str


class _Text(Struct, forbid_unknown_fields=True):
    number: int
    hash: str
    at: str
    store_id: str


def checkpoint(conn: Connection, now: datetime) -> Checkpoint:
    """The last sealed entry. `Unhonoured` if nothing is sealed yet."""
    seals = ledger_seals.c
    row = conn.execute(select(seals.number, seals.hash).order_by(seals.number.desc()).limit(1)).first()
    store = store_id(conn)
    if row is None or store is None:
        raise Unhonoured("The ledger holds no sealed entry yet, so there is nothing to keep a checkpoint of.")
    return Checkpoint(number=row.number, hash=bytes(row.hash).hex(), at=now, store_id=store)


def holds(conn: Connection, kept: Checkpoint) -> bool:
    """Whether this database still has the checkpoint's entry with its hash: one look-up, no verification.

    False: an older backup was restored, the end was cut off, the chain was rewritten, or it is another
    ledger.
    """
    found = conn.execute(select(ledger_seals.c.hash).where(ledger_seals.c.number == kept.number)).scalar()
    return found is not None and bytes(found).hex() == kept.hash and store_id(conn) == kept.store_id


def to_json(kept: Checkpoint) -> str:
    """One line of JSON with sorted keys."""
    text = _Text(number=kept.number, hash=kept.hash, at=rfc3339(kept.at), store_id=kept.store_id)
    return msgspec.json.encode(text, order="sorted").decode()


def from_json(text: str) -> Checkpoint:
    """The checkpoint that `to_json` wrote; `Unhonoured`, a sentence, for anything else."""
    try:
        read = msgspec.json.decode(text, type=_Text)
    except msgspec.MsgspecError as error:
        raise Unhonoured(f"This is not a checkpoint as Tradewire writes it: {error}.") from error
    if read.number < 1:
        raise Unhonoured(f"The checkpoint's number is {read.number}; entries are numbered from 1.")
    if len(read.hash) != 64 or not set(read.hash) <= set("0123456789abcdef"):
        raise Unhonoured("The checkpoint's hash is not 64 lower-case hexadecimal digits.")
    try:
        at = moment_of(read.at)
    except ValueError as error:
        raise Unhonoured(
            f"The checkpoint's time {read.at!r} is not of the form 2026-03-02T14:30:00.000000Z."
        ) from error
    return Checkpoint(number=read.number, hash=read.hash, at=at, store_id=read.store_id)
