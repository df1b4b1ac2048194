"""Who works for which account, until when, and how that account stands with its broker."""

from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from tradewire.brokerage.leases import shared_now
from tradewire.engine.roll import WorkerRow, read_roll
from tradewire.services.doctor.finding import Finding, fail, ok, warn
from tradewire.store.schema import accounts, leases


def worker_findings(conn: Connection, now: datetime, lease_s: float) -> tuple[Finding, ...]:
    """A finding for the workers, and one for each account."""
    roll = read_roll(conn, now, lease_s)
    living = [one for one in roll if one.is_alive]
    moment = shared_now(conn, now)
    query = (
        select(accounts.c.id, accounts.c.name, leases.c.owner, leases.c.until)
        .outerjoin(leases, leases.c.account_id == accounts.c.id)
        .order_by(accounts.c.name)
    )
    account = partial(_account, living, moment)
    return (_workers(roll, moment), *(account(*row) for row in conn.execute(query)))


def _workers(roll: tuple[WorkerRow, ...], moment: datetime) -> Finding:
    living = [one for one in roll if one.is_alive]
    if not living:
        return fail(
            "workers",
            "No Tradewire is working: signals are stored and wait.",
            "Start `tradewire up`, or `tradewire worker` beside `tradewire serve`.",
        )
    told = "; ".join(
        f"{one.id} on {one.host} (process {one.pid}), heard {_ago(moment, one.heartbeat)}" for one in living
    )
    gone = [one.id for one in roll if not one.is_alive]
    if gone:
        return warn(
            "workers",
            f"Working: {told}. No longer heard: {', '.join(gone)}.",
            "If those were not stopped by you, see their logs.",
        )
    return ok("workers", f"Working: {told}.")


def _account(
    living: list[WorkerRow],
    moment: datetime,
    account_id: str,
    name: str,
    owner: str | None,
    until: datetime | None,
) -> Finding:
    title = f"account {name}"
    if owner is None or until is None or until <= moment:
        last = f" The lease of {owner} has run out." if owner is not None else ""
        return fail(
            title, f"Nobody works for it.{last}", "A worker takes it over within seconds, if one runs."
        )
    held = f"{owner} works for it, its lease holds for {(until - moment).total_seconds():.0f} s"
    reports = [report for one in living if one.id == owner for report in one.report.accounts]
    standing = next((one for one in reports if one.account_id == account_id), None)
    if standing is None:
        return warn(title, f"{held}; how it stands was not told yet.", "Look again in a few seconds.")
    if not standing.ready:
        return fail(
            title,
            f"{held}. It is not ready: {(standing.why_not or 'not connected').rstrip('.')}.",
            "Orders wait until it is connected.",
        )
    return ok(title, f"{held}; connected and compared.")


def _ago(moment: datetime, at: datetime) -> str:
    return f"{max((moment - at).total_seconds(), 0):.0f} s ago"
