"""Faults by script: which submit is to go wrong, and how."""

from enum import StrEnum

from tradewire import OrderRequest, RejectKind, Struct


class FaultKind(StrEnum):
    """The first group loses the answer, the second the order; the third bends what happens afterwards."""

    ACCEPT_THEN_HANG = "accept_then_hang"
    ACCEPT_THEN_500 = "accept_then_500"
    ACCEPT_THEN_RESET = "accept_then_reset"
    ACCEPT_THEN_HTML = "accept_then_html"

    DROP = "drop"
    DROP_THEN_HANG = "drop_then_hang"
    REJECT = "reject"
    TOO_MANY_REQUESTS = "429"

    FILL_BEFORE_ACK = "fill_before_ack"
    DUP_EVENT = "dup_event"
    OUT_OF_ORDER = "out_of_order"
    PARTIAL_THEN_CANCEL = "partial_then_cancel"
    LATE_FILL_AFTER_CANCEL = "late_fill_after_cancel"
    STREAM_DROP = "stream_drop"

    @property
    def is_refusal(self) -> bool:
        """Whether the order never gets into the book."""
        return self in (self.DROP, self.DROP_THEN_HANG, self.REJECT, self.TOO_MANY_REQUESTS)

    @property
    def loses_answer(self) -> bool:
        """Whether the sender gets no answer that it can understand."""
        return self in _CAUSES


_CAUSES = {
    FaultKind.ACCEPT_THEN_HANG: "the venue did not answer in time",
    FaultKind.ACCEPT_THEN_500: "the venue answered 500",
    FaultKind.ACCEPT_THEN_RESET: "the connection was reset before the answer",
    FaultKind.ACCEPT_THEN_HTML: "the venue answered with a page instead of an acknowledgement",
    FaultKind.DROP: "the connection was reset before the answer",
    FaultKind.DROP_THEN_HANG: "the venue did not answer in time",
}


def cause_of(kind: FaultKind) -> str:
    """What the sender sees of a fault that loses the answer."""
    return _CAUSES[kind]


class Fault(Struct, forbid_unknown_fields=True):
    """One line of the script.

    It concerns new orders on `symbol` (an instrument id; None: any) whose client id begins with
    `client_prefix`. Counted from when the script was loaded, the `nth` of them (None: every one) meets
    `kind`, and the `times` - 1 that follow do too. `reject` and `message` are for kind "reject".
    """

    kind: FaultKind
    nth: int | None = 1
    times: int = 1
    symbol: str | None = None
    client_prefix: str = ""
    reject: RejectKind = RejectKind.OTHER
    message: str = "The venue refused the order, as its script says."

    def concerns(self, order: OrderRequest) -> bool:
        return order.client_id.startswith(self.client_prefix) and self.symbol in (None, order.instrument.id)


class FaultScript:
    """The faults that are loaded, and how many orders each has seen."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._seen = [(fault, 0) for fault in faults]

    def load(self, faults: tuple[Fault, ...]) -> None:
        """Add faults; they count from now on."""
        self._seen += [(fault, 0) for fault in faults]

    def clear(self) -> None:
        self._seen = []

    def next(self, order: OrderRequest) -> Fault | None:
        """What `order` is to meet: the first line that is due. Every line that concerns it counts on."""
        hit = None
        for index, (fault, seen) in enumerate(self._seen):
            if not fault.concerns(order):
                continue
            self._seen[index] = (fault, seen + 1)
            due = fault.nth is None or fault.nth <= seen + 1 < fault.nth + fault.times
            if due and hit is None:
                hit = fault
        return hit
