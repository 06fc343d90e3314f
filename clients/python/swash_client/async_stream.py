"""A sound heard while it is made: async."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from swash.v1 import sound_pb2 as pb
from swash_client.recording import OnProgress, Reader, block_of
from swash_client.sound import Block, Header, Trailer
from swash_client.status import typed_errors


class AsyncStream:
    """A sound that is arriving; iterate for blocks, float32 of shape (frames, channels).

    Use it in `async with`: entering waits for the header, leaving before the end cancels the call. Iterating
    raises the errors of `AsyncClient.render`, and DamagedSoundError at the end when what arrived is not what
    was made. `close` may be called from another task; iterating then ends.
    """

    def __init__(
        self,
        events: AsyncIterator[pb.RenderResponse],
        cancel: Callable[[], object],
        address: str,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._events = events
        self._cancel = cancel
        self._address = address
        self._reader = Reader(on_progress)
        self._closed = False

    @property
    def header(self) -> Header:
        """What the sound is. Raises RuntimeError before the stream is entered."""
        if self._reader.header is None:
            raise RuntimeError("the header comes with `async with client.stream(...) as stream:`")
        return self._reader.header

    @property
    def trailer(self) -> Trailer:
        """What was measured. Raises RuntimeError before the last block."""
        if self._reader.trailer is None:
            raise RuntimeError("the trailer comes after the last block")
        return self._reader.trailer

    def close(self) -> None:
        """Cancel the call, so that the server stops making what nobody hears; again does nothing."""
        self._closed = True
        self._cancel()

    async def __aenter__(self) -> Self:
        try:
            while self._reader.header is None and await self._advance() is not None:
                pass
        except BaseException:  # leaving before the header came is leaving too
            self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Block:
        while (data := await self._advance()) is not None:
            if data:
                return block_of(data, self.header)
        raise StopAsyncIteration

    async def _advance(self) -> bytes | None:
        """Return the audio of the next event, b"" when it has none, None after the last."""
        if self._closed:
            return None
        try:
            with typed_errors(self._address):
                event = await anext(self._events, None)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and not (task and task.cancelling()):  # the call was cancelled, this task was not
                return None
            raise
        if event is None:
            if self._closed:  # while it waited for the server to come back
                return None
            self._reader.whole()
            return None
        return self._reader.take_in(event)
