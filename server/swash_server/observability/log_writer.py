"""Writes the log from a thread of its own: a slow reader of it holds no call up."""

import os
import queue
import select
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

MAX_LINES = 10_000  # that wait; more are counted and left out
PATIENCE_S = 1.0  # of one wait for a reader who is behind
GATHER_S = (
    0.05  # that a line waits for others: a thread that wakes for each costs a busy server an eighth of its calls
)
END_S = 2.0  # for the last lines


class LogWriter:
    """Takes lines from any thread and never waits. `left_out(count)` gives the line that tells of lost ones."""

    def __init__(self, descriptor: int, left_out: Callable[[int], str], max_lines: int = MAX_LINES) -> None:
        """Begin to write to a file descriptor, which stays open when this closes."""
        self._descriptor = descriptor
        self._told = left_out
        self._lines: queue.Queue[str | None] = queue.Queue(max_lines)
        self._lock = threading.Lock()
        self._left_out = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="swash-log", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Have a line written, or counted as lost if too many wait."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            with self._lock:
                self._left_out += 1

    def close(self, within_s: float = END_S) -> None:
        """Write what waits, for no longer than this: a reader who has stopped would be waited for without end."""
        self._closing.set()
        with suppress(queue.Full):  # then the thread has no need to be woken
            self._lines.put_nowait(None)
        self._thread.join(within_s)

    def _run(self) -> None:
        while True:
            lines = [self._lines.get()]
            self._closing.wait(GATHER_S)
            with suppress(queue.Empty):
                while True:
                    lines.append(self._lines.get_nowait())
            self._write([line for line in lines if line is not None])
            if self._lines.empty():
                if (lost := self._taken()) > 0:
                    self._write([self._told(lost)])
                if self._closing.is_set():
                    return

    def _taken(self) -> int:
        with self._lock:
            lost, self._left_out = self._left_out, 0
        return lost

    def _write(self, lines: Iterable[str]) -> None:
        # Past Python's own buffer, whose lock a thread that is stuck would take into the end of the process.
        data = memoryview("".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # somebody shares the descriptor and has made it so
                select.select([], [self._descriptor], [], PATIENCE_S)
            except OSError:  # nobody reads any more, and there is nobody else to tell
                return
