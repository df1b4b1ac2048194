"""What happened, to everybody who listens; and the faults that bend how it is told."""

import asyncio
from collections.abc import Sequence
from enum import Enum

from tradewire import Event
from tradewire_paper.faults import FaultKind
from tradewire_paper.rows import Order


class Break(Enum):
    """Instead of an event: the stream was cut and may be taken up again, or the desk is closed."""

    CUT = "cut"
    CLOSED = "closed"


Listener = asyncio.Queue[Event | Break]


class Feed:
    """Hands every event to every listener from the moment it subscribes; nothing is kept for later ones."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._held: dict[str, list[Event]] = {}

    def subscribe(self) -> Listener:
        listener: Listener = asyncio.Queue()
        self._listeners.append(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def tell(self, order: Order, events: Sequence[Event]) -> None:
        """Events of one order, bent by its script: told twice, or backwards once the order has ended."""
        if order.script is FaultKind.DUP_EVENT:
            events = [event for event in events for _ in range(2)]
        if order.script is FaultKind.OUT_OF_ORDER:
            held = [*self._held.pop(order.client_id, []), *events]
            if order.state.is_open:
                self._held[order.client_id] = held
                return
            events = held[::-1]
        for event in events:
            self.publish(event)

    def publish(self, event: Event | Break) -> None:
        for listener in self._listeners:
            listener.put_nowait(event)

    def cut(self) -> None:
        """Every listener loses the stream and what follows."""
        self.publish(Break.CUT)
        self._listeners.clear()

    def close(self) -> None:
        self.publish(Break.CLOSED)
        self._listeners.clear()
