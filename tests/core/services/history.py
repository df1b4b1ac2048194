"""Rows as the engine leaves them: a filled signal, a blocked one, one whose order is unknown, a duplicate."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert

from tradewire.contract.override import Note
from tradewire.domain.instrument import AssetClass, Instrument
from tradewire.domain.ledger import Entry, EntryKind
from tradewire.domain.message import Action, Message
from tradewire.domain.verdict import Scope, Verdict, allow, block
from tradewire.ledger.append import append
from tradewire.store.schema import (
    child_orders,
    fills,
    instruments,
    parent_orders,
    positions,
    signals,
    verdicts,
)

FILLED = "019c0000-0001-7000-8000-000000000001"
BLOCKED = "019c0000-0002-7000-8000-000000000002"
UNKNOWN = "019c0000-0003-7000-8000-000000000003"
DUPLICATE = "019c0000-0004-7000-8000-000000000004"
INVALID = "019c0000-0005-7000-8000-000000000005"
UNKNOWN_CHILD = "c3" * 16
WAITING = "019c0000-0006-7000-8000-000000000006"
PARENTS = {FILLED: "a1" * 16, BLOCKED: "a2" * 16, UNKNOWN: "a3" * 16}


def live_through(conn: Connection, account: str, algorithm: str, start: datetime) -> None:
    """Insert everything, a minute apart from `start` on."""
    for minute, signal in enumerate((FILLED, BLOCKED, UNKNOWN)):
        at = start + timedelta(minutes=minute)
        _signal(conn, signal, at)
        _parent(conn, signal, account, algorithm, at)
    _signal(conn, DUPLICATE, start + timedelta(minutes=3), status="duplicate", duplicate_of=FILLED)
    _signal(
        conn,
        INVALID,
        start + timedelta(minutes=4),
        status="invalid",
        message=None,
        strategy_id=None,
        reason='The field "qty" is "{{strategy.order.contracts}}", which TradingView did not fill in.',
    )
    _fill(conn, account, algorithm, start)


def wait(conn: Connection, at: datetime) -> None:
    """Insert a signal that nobody has routed."""
    _signal(conn, WAITING, at, routed_at=None)


def _ms(at: datetime, milliseconds: int) -> datetime:
    return at + timedelta(milliseconds=milliseconds)


def _signal(conn: Connection, signal: str, at: datetime, **changes: Any) -> None:
    message = Message(
        strategy_id="breakout", symbol="AAPL", action=Action.BUY, quantity=Decimal(10), time=_ms(at, -850)
    )
    row = {
        "id": signal,
        "provider": "tradingview",
        "connection": "main",
        "key_id": "k",
        "source": "52.89.214.238",
        "received_at": at,
        "accepted_at": _ms(at, 2),
        "raw": b'{"apiKey":"tw_live_\xe2\x80\xa6abcd","strategyId":"breakout","action":"BUY","qty":10}',
        "message": message,
        "strategy_id": "breakout",
        "content_digest": "d",
        "test": False,
        "status": "accepted",
        "routed_at": _ms(at, 5),
    }
    conn.execute(insert(signals).values(**{**row, **changes}))
    checked = {"checked_by": ["api_key", "network"]}
    append(conn, [Entry(at=_ms(at, 2), kind=EntryKind.SIGNAL_ACCEPTED, signal_id=signal, data=checked)])


def _parent(conn: Connection, signal: str, account: str, algorithm: str, at: datetime) -> None:
    parent = PARENTS[signal]
    ends = {
        FILLED: {"state": "filled", "filled": Decimal(10), "ended_at": _ms(at, 21)},
        BLOCKED: {
            "state": "blocked",
            "reason": "position_too_large",
            "detail": "The position of 110 shares would be above the limit of 100 shares.",
            "ended_at": _ms(at, 9),
            "admitted_at": None,
        },
        UNKNOWN: {"state": "working"},
    }
    row = {
        "id": parent,
        "signal_id": signal,
        "algorithm_id": algorithm,
        "account_id": account,
        "leg": 0,
        "purpose": "entry",
        "symbol": "AAPL",
        "instrument_id": "AAPL",
        "side": "buy",
        "quantity": Decimal(10),
        "filled": Decimal(0),
        "blueprint": "market",
        "cancel_requested": False,
        "test": False,
        "created_at": _ms(at, 5),
        "admitted_at": _ms(at, 9),
        "version": 1,
        "notes": (
            Note(field="match", received="x", used="y", why="it matched", by="tags"),
            Note(field="symbol", received="AAPL", used="AAPL", why="dynamic symbol is on", by="default"),
            Note(field="qty", received="20", used="10", why="dynamic quantity is off"),
            Note(field="stopPrice", received=None, used=None, why="absent", by="default"),
        ),
    }
    conn.execute(insert(parent_orders).values(**{**row, **ends[signal]}))
    judged: list[Verdict] = [allow("active", "The kill switch is active: orders pass.")]
    if signal == BLOCKED:
        text = "The position of 110 shares would be above the limit of 100 shares."
        judged.append(block("position_too_large", text, value="110 shares", limit="100 shares"))
    named = tuple(
        Verdict(
            decision=one.decision,
            reason=one.reason,
            message=one.message,
            guardian=name,
            scope=Scope.ALGORITHM,
            value=one.value,
            limit=one.limit,
        )
        for one, name in zip(judged, ("kill_switch", "max_position"), strict=False)
    )
    conn.execute(insert(verdicts).values(parent_id=parent, at=_ms(at, 9), document=named))
    if signal != BLOCKED:
        _child(conn, signal, account, at)


def _child(conn: Connection, signal: str, account: str, at: datetime) -> None:
    known = signal == FILLED
    conn.execute(
        insert(child_orders).values(
            client_id="c1" * 16 if known else UNKNOWN_CHILD,
            parent_id=PARENTS[signal],
            account_id=account,
            instrument_id="AAPL",
            leg=0,
            slice=0,
            generation=0,
            side="buy",
            quantity=Decimal(10),
            order_type="market",
            time_in_force="day",
            state="filled" if known else "unknown",
            filled=Decimal(10) if known else Decimal(0),
            reported_filled=Decimal(10) if known else Decimal(0),
            broker_order_id="p-1" if known else None,
            cancel_requested=False,
            created_at=_ms(at, 9),
            sent_at=_ms(at, 12),
            acknowledged_at=_ms(at, 18) if known else None,
            ended_at=_ms(at, 21) if known else None,
        )
    )
    if not known:
        entry = Entry(
            at=_ms(at, 10_012),
            kind=EntryKind.CHILD_UNKNOWN,
            signal_id=signal,
            parent_id=PARENTS[signal],
            client_id=UNKNOWN_CHILD,
            reason="The broker did not answer within 10 s.",
        )
        append(conn, [entry])


def _fill(conn: Connection, account: str, algorithm: str, start: datetime) -> None:
    apple = Instrument(id="AAPL", symbol="AAPL", asset_class=AssetClass.STOCK, currency="USD")
    conn.execute(
        insert(instruments).values(
            account_id=account, symbol="AAPL", instrument_id="AAPL", document=apple, resolved_at=start
        )
    )
    conn.execute(
        insert(fills).values(
            account_id=account,
            execution_id="e-1",
            client_id="c1" * 16,
            parent_id=PARENTS[FILLED],
            algorithm_id=algorithm,
            instrument_id="AAPL",
            side="buy",
            quantity=Decimal(10),
            price=Decimal("187.25"),
            currency="USD",
            multiplier=Decimal(1),
            fee=Decimal("1.50"),
            realised=Decimal(0),
            at=_ms(start, 20),
            stored_at=_ms(start, 21),
        )
    )
    hold(conn, account, algorithm, "AAPL", "10", "1872.50", fees="1.50", at=start)


def hold(
    conn: Connection,
    account: str,
    algorithm: str,
    instrument: str,
    quantity: str,
    cost: str,
    *,
    at: datetime,
    realised: str = "0",
    fees: str = "0",
    currency: str = "USD",
) -> None:
    """A stored position; its cash follows from realised and cost."""
    conn.execute(
        insert(positions).values(
            account_id=account,
            algorithm_id=algorithm,
            instrument_id=instrument,
            currency=currency,
            multiplier=Decimal(1),
            quantity=Decimal(quantity),
            cost=Decimal(cost),
            realised=Decimal(realised),
            fees=Decimal(fees),
            cash=Decimal(realised) - Decimal(cost),
            updated_at=at,
        )
    )
