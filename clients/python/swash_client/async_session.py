"""A live session: async."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from swash.v1 import sound_pb2 as pb
from swash_client.errors import DeadlineError, SwashError, UnavailableError
from swash_client.live import Answer, Applied, Closed, Desk, Follower, OnEnded, OnRefused, Opened, broken, save_log
from swash_client.recording import samples_of
from swash_client.session import MAX_UNREAD_S
from swash_client.sound import Block
from swash_client.status import typed_errors


class AsyncCommand:
    """Something that a session was told to do."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    async def applied(self, timeout_s: float | None = None) -> Applied:
        """Wait until it has taken effect; one with an `at_frame` has when that frame is made.

        Raises what the server says against it, and DeadlineError when it says nothing.
        """
        within_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            answer = await asyncio.wait_for(asyncio.shield(self._answer), within_s)
        except TimeoutError:
            raise DeadlineError(f"no answer to the command within {within_s:g} s") from None
        if isinstance(answer, SwashError):
            raise answer
        return answer

    @property
    def answered(self) -> bool:
        """Return whether `applied` would not wait."""
        return self._answer.done()

    def _answered(self, answer: Answer) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)


class AsyncSession(Desk[AsyncCommand]):
    """A live session on an event loop; else as `Session`, but iterated by `async for`, and `rest` is awaited."""

    def __init__(
        self,
        call: Callable[[AsyncIterator[pb.PerformRequest]], Any],
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
        self._requests: asyncio.Queue[pb.PerformRequest | None] = asyncio.Queue()
        self._requests.put_nowait(opening)
        self._ids = iter(range(1, 2**32))
        self._events: Any = None
        self._receiver: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._unread: deque[bytes] = deque()
        self._unread_bytes = 0
        self._most_bytes = 0.0
        self._over = False
        self._closing = False
        self._error: SwashError | None = None

    @property
    def opened(self) -> Opened:
        """How it sounds. Raises RuntimeError before the session is entered."""
        if self._follower.opened is None:
            raise RuntimeError("the session opens with `async with client.perform(...) as session:`")
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

    def command(self, request: pb.PerformRequest) -> AsyncCommand:
        """Send a command; raise the error that ended the session."""
        if self._over or self._closing:
            raise (None if self._closing else self._error) or UnavailableError("the session is over")
        command = AsyncCommand(self._timeout_s)
        request.id = next(self._ids)
        self._follower.expect(request.id, command._answered)
        self._requests.put_nowait(request)
        return command

    def finish(self) -> None:
        """Say that no more commands come: those that wait are done, then all is released and iterating ends."""
        self._requests.put_nowait(None)

    async def close(self) -> None:
        """End it at once, and every voice with it; again does nothing."""
        self._closing = True
        self._requests.put_nowait(None)
        self._changed.set()
        if self._events is not None:
            self._events.cancel()
        if self._receiver is not None:
            await self._receiver

    async def rest(self) -> Block:
        """Return all that is still to come, shape (frames, channels): of a recording, say."""
        none = np.zeros((0, self.opened.channels), np.float32)
        return np.concatenate([none, *[block async for block in self]])

    async def __aenter__(self) -> Self:
        self._events = self._call(self._given())
        self._receiver = asyncio.create_task(self._receive())
        try:
            async with asyncio.timeout(self._timeout_s):
                while self._follower.opened is None and not self._over:
                    await self._news()
        except TimeoutError:
            self._error = DeadlineError(f"no answer at {self._address} within {self._timeout_s:g} s")
        except BaseException:  # leaving before it was open is leaving too
            await self.close()
            raise
        if self._follower.opened is None:
            error = self._error or UnavailableError("the session ended before it was open")
            await self.close()
            raise error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Block:
        while not self._unread and not self._over:
            await self._news()
        if not self._unread:
            if self._error is not None and not self._closing:
                raise self._error
            raise StopAsyncIteration
        data = self._unread.popleft()
        self._unread_bytes -= len(data)
        self._changed.set()
        return samples_of(data, self.opened.encoding, self.opened.channels)

    async def _news(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _given(self) -> AsyncIterator[pb.PerformRequest]:
        while (request := await self._requests.get()) is not None:
            yield request

    async def _receive(self) -> None:
        """Take in what comes until the session is over."""
        error: SwashError | None = None
        try:
            with typed_errors(self._address):
                async for event in self._events:
                    await self._take_in(event)
        except SwashError as ended:
            error = broken(ended, self._follower.opened)
        except asyncio.CancelledError:  # by `close`, which cancels the call
            error = UnavailableError("the session was closed")
        if error is None and self._follower.closed is None:
            error = UnavailableError("the session ended before it was closed")
        self._over = True
        self._error = self._error or error
        self._follower.give_up(error or UnavailableError("the session is over"))
        self._changed.set()

    async def _take_in(self, event: pb.PerformResponse) -> None:
        if data := self._follower.take_in(event):
            self._unread.append(data)
            self._unread_bytes += len(data)
        if self._most_bytes == 0.0 and self._follower.opened is not None:
            self._most_bytes = MAX_UNREAD_S * self._follower.opened.bytes_a_second
        self._changed.set()
        while self._unread_bytes > self._most_bytes and not self._closing:
            await self._news()
