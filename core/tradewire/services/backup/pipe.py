"""From a thread that writes a file to an event loop that sends it, a few pieces ahead at most."""

import queue
import threading

_PIECE = 256 * 1024
_WAITING = 8
_LOOK_AGAIN_S = 0.5


class ReaderGone(Exception):
    """Whoever read has stopped; there is nobody left to write for."""


class Pipe:
    """A file to write to, without `seek` and `tell`. `take` is called from other threads than `write`."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._buffer = bytearray()
        self._gone = threading.Event()

    def write(self, data: bytes) -> int:
        self._buffer += data
        if len(self._buffer) >= _PIECE:
            self._hand_over(bytes(self._buffer))
            self._buffer.clear()
        return len(data)

    def flush(self) -> None:
        """Nothing to do: `end` hands over what is left."""

    def end(self) -> None:
        """There will be no more."""
        if self._buffer:
            self._hand_over(bytes(self._buffer))
        self._hand_over(None)

    def take(self) -> bytes | None:
        """The next piece, waited for; None at the end."""
        return self._pieces.get()

    def leave(self) -> None:
        """Read no more; the next `write` raises `ReaderGone`."""
        self._gone.set()

    def _hand_over(self, piece: bytes | None) -> None:
        while not self._gone.is_set():
            try:
                self._pieces.put(piece, timeout=_LOOK_AGAIN_S)
            except queue.Full:
                continue
            return
        raise ReaderGone
