"""A live session: sync."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswerError
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from swash.v1 import sound_pb2 as pb
from swash_client.errors import DeadlineError, SwashError, UnavailableError
from swash_client.live import Answer, Applied, Closed, Desk, Follower, OnEnded, OnRefused, Opened, broken, save_log
from swash_client.recording import samples_of
from swash_client.sound import Block
from swash_client.status import typed_errors

MAX_UNREAD_S = 30.0  # of audio that nobody fetched; then nothing more is read, answers neither


class Command:
    """Something that a session was told to do."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._answer: Future[Answer] = Future()

    def applied(self, timeout_s: float | None = None) -> Applied:
        """Wait until it has taken effect; one with an `at_frame` has when that frame is made.

        Raises what the server says against it, and DeadlineError when it says nothing.
        """
        within_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            answer = self._answer.result(within_s)
        except NoAnswerError:
            raise DeadlineError(f"no answer to the command within {within_s:g} s") from None
        if isinstance(answer, SwashError):
            raise answer
        return answer

    @property
    def answered(self) -> bool:
        """Return whether `applied` would not wait."""
        return self._answer.done()

    def _answered(self, answer: Answer) -> None:
        self._answer.set_result(answer)


class Session(Desk[Command]):
    """A live session: start voices, steer them, and iterate for blocks, float32 of shape (frames, channels).

    Use it in `with`: entering waits until the session is open, leaving ends it, and every voice with it. Commands
    may come from any thread and are sent at once; a thread of the session's own receives what comes, so that an
    answer can be waited for while nobody fetches audio, of which 30 s are held. `finish` says that no more
    commands come: what was begun is released, and iterating ends.
    """

    def __init__(
        self,
        call: Callable[[Iterator[pb.PerformRequest]], Any],
        opening: pb.PerformRequest,
        *,
        address: str,
        timeout_s: float,
        on_ended: OnEnded | None,
        on_refused: OnRefused | None,
    ) -> None:
        super().__init__()
        self._call = call
        self._address = address
        self._timeout_s = timeout_s
        self._follower = Follower(on_ended=on_ended, on_refused=on_refused)
        self._requests: queue.SimpleQueue[pb.PerformRequest | None] = queue.SimpleQueue()
        self._requests.put(opening)
        self._events: Any = None
        self._ids = iter(range(1, 2**32))
        self._state = threading.Condition()
        self._unread: deque[bytes] = deque()
        self._unread_bytes = 0
        self._most_bytes = 0.0
        self._over = False
        self._closing = False
        self._error: SwashError | None = None
        self._receiver = threading.Thread(target=self._receive, name="swash-session", daemon=True)

    @property
    def opened(self) -> Opened:
        """How it sounds. Raises RuntimeError before the session is entered."""
        if self._follower.opened is None:
            raise RuntimeError("the session opens with `with client.perform(...) as session:`")
        return self._follower.opened

    @property
    def closed(self) -> Closed:
        """How it was. Raises RuntimeError before the last block."""
        if self._follower.closed is None:
            raise RuntimeError("the session is not over")
        return self._follower.closed

    @property
    def log(self) -> list[str]:
        """The lines of its log so far; none unless it was opened with `log=True`."""
        return list(self._follower.log)

    def save_log(self, path: str | Path) -> None:
        """Write its log, from which `swash replay` makes the same samples."""
        save_log(self._follower.log, path)

    def command(self, request: pb.PerformRequest) -> Command:
        """Send a command; raise the error that ended the session."""
        command = Command(self._timeout_s)
        with self._state:
            if self._over or self._closing:
                raise (None if self._closing else self._error) or UnavailableError("the session is over")
            request.id = next(self._ids)
            self._follower.expect(request.id, command._answered)
            self._requests.put(request)
        return command

    def finish(self) -> None:
        """Say that no more commands come: those that wait are done, then all is released and iterating ends."""
        self._requests.put(None)

    def close(self) -> None:
        """End it at once, and every voice with it; again does nothing."""
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._requests.put(None)
        if self._events is not None:
            self._events.cancel()
            self._receiver.join()

    def rest(self) -> Block:
        """Return all that is still to come, shape (frames, channels): of a recording, say."""
        none = np.zeros((0, self.opened.channels), np.float32)
        return np.concatenate([none, *self])

    def __enter__(self) -> Self:
        with typed_errors(self._address):
            self._events = self._call(iter(self._requests.get, None))
        self._receiver.start()
        with self._state:
            self._state.wait_for(lambda: self._follower.opened or self._over, self._timeout_s)
            if self._follower.opened is not None:
                return self
            error = self._error or DeadlineError(f"no answer at {self._address} within {self._timeout_s:g} s")
        self.close()
        raise error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Block:
        with self._state:
            self._state.wait_for(lambda: self._unread or self._over)
            if not self._unread:
                if self._error is not None and not self._closing:
                    raise self._error
                raise StopIteration
            data = self._unread.popleft()
            self._unread_bytes -= len(data)
            self._state.notify_all()
        return samples_of(data, self.opened.encoding, self.opened.channels)

    def _receive(self) -> None:
        """Take in what comes, on a thread of its own, until the session is over."""
        error: SwashError | None = None
        try:
            with typed_errors(self._address):
                for event in self._events:
                    self._take_in(event)
        except SwashError as ended:
            error = broken(ended, self._follower.opened)
        with self._state:
            if error is None and self._follower.closed is None:
                error = UnavailableError("the session ended before it was closed")
            self._over = True
            self._error = error
            self._follower.give_up(error or UnavailableError("the session is over"))
            self._state.notify_all()

    def _take_in(self, event: pb.PerformResponse) -> None:
        with self._state:
            data = self._follower.take_in(event)
            if self._most_bytes == 0.0 and self._follower.opened is not None:
                self._most_bytes = MAX_UNREAD_S * self._follower.opened.bytes_a_second
            if data:
                self._unread.append(data)
                self._unread_bytes += len(data)
            self._state.notify_all()
            self._state.wait_for(lambda: self._unread_bytes <= self._most_bytes or self._closing)
