"""Why an account or an algorithm cannot be taken away or changed yet: what is open, held, or not known."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from tradewire.domain.account import Account
from tradewire.domain.algorithm import Algorithm
from tradewire.domain.order import ChildState
from tradewire.services.refusal import Code, Refused
from tradewire.store.schema import algorithms, child_orders, parent_orders, positions

#: So many of a kind are named in a sentence.
_NAMED = 5
_UNSURE = (ChildState.SENT.value, ChildState.UNKNOWN.value)


def refuse_unsure(conn: Connection, account: Account) -> None:
    """Refuse while an order of the account may or may not be at the broker.

    With other fields it might be looked up somewhere else, found absent, and sent a second time.
    """
    unsure = conn.execute(
        select(child_orders.c.client_id).where(
            child_orders.c.account_id == account.id,
            child_orders.c.ended_at.is_(None),
            child_orders.c.state.in_(_UNSURE),
        )
    ).scalars()
    if orders := [client_id[:8] for client_id in unsure]:
        raise Refused(
            Code.CONFLICT,
            f'It is not known yet whether an order of the account "{account.name}" is at the broker: '
            f"{_some(orders)}. Wait until it is, or decide with `tradewire order resolve`.",
        )


def refuse_used_account(conn: Connection, account: Account) -> None:
    """Refuse, with every reason at once, while something trades or is held on the account."""
    whose = f'the account "{account.name}"'
    problems = [*_live(conn, whose, account_id=account.id), *_held(conn, whose, account_id=account.id)]
    query = select(algorithms.c.name).where(algorithms.c.account_id == account.id).order_by(algorithms.c.name)
    if names := list(conn.execute(query).scalars()):
        problems.append(
            f"Algorithms trade on {whose}: {_some(names)}. Remove them with `tradewire algorithm remove`, or "
            "name another account in their files for `tradewire algorithm update`."
        )
    _refuse(problems)


def refuse_used_algorithm(conn: Connection, algorithm: Algorithm) -> None:
    """Refuse while orders of the algorithm are live or it holds something."""
    _keep_still(conn, algorithm)
    whose = f'the algorithm "{algorithm.name}"'
    _refuse([*_live(conn, whose, algorithm_id=algorithm.id), *_held(conn, whose, algorithm_id=algorithm.id)])


def refuse_live_orders(conn: Connection, algorithm: Algorithm) -> None:
    """Refuse while orders are being worked by what the algorithm says."""
    _keep_still(conn, algorithm)
    _refuse(_live(conn, f'the algorithm "{algorithm.name}"', algorithm_id=algorithm.id))


def _keep_still(conn: Connection, algorithm: Algorithm) -> None:
    """No signal is routed to it until this transaction ends; what is being routed just now is seen first."""
    mine = select(algorithms.c.id).where(algorithms.c.id == algorithm.id)
    conn.execute(mine.with_for_update()).close()


def _live(conn: Connection, whose: str, **where: str) -> list[str]:
    query = select(parent_orders.c.id).where(parent_orders.c.ended_at.is_(None)).filter_by(**where)
    orders = [one[:8] for one in conn.execute(query).scalars()]
    if not orders:
        return []
    return [
        f"Orders of {whose} are live: {_some(orders)}. Wait for their end, or end them with "
        "`tradewire order cancel`."
    ]


def _held(conn: Connection, whose: str, **where: str) -> list[str]:
    rows = conn.execute(select(positions.c.instrument_id, positions.c.quantity).filter_by(**where))
    held = sorted({row.instrument_id for row in rows if row.quantity != 0})
    if not held:
        return []
    return [f"A position of {whose} is open: {_some(held)}. Close it first; `tradewire positions` shows it."]


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise Refused(Code.CONFLICT, " ".join(problems), tuple(problems))


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
