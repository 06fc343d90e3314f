"""A sound heard while it is made: sync."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from swash.v1 import sound_pb2 as pb
from swash_client.errors import SwashError
from swash_client.recording import OnProgress, Reader, block_of
from swash_client.sound import Block, Header, Trailer
from swash_client.status import typed_errors


class Stream:
    """A sound that is arriving; iterate for blocks, float32 of shape (frames, channels).

    Use it in `with`: entering waits for the header, leaving before the end cancels the call. Iterating raises
    the errors of `Client.render`, and DamagedSoundError at the end when what arrived is not what was made.
    `close` may be called from another thread; iterating then ends.
    """

    def __init__(
        self,
        events: Iterator[pb.RenderResponse],
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
            raise RuntimeError("the header comes with `with client.stream(...) as stream:`")
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

    def __enter__(self) -> Self:
        try:
            while self._reader.header is None and self._advance() is not None:
                pass
        except BaseException:  # leaving before the header came is leaving too
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Block:
        while (data := self._advance()) is not None:
            if data:
                return block_of(data, self.header)
        raise StopIteration

    def _advance(self) -> bytes | None:
        """Return the audio of the next event, b"" when it has none, None after the last."""
        if self._closed:
            return None
        try:
            with typed_errors(self._address):
                event = next(self._events, None)
        except SwashError:
            if self._closed:  # by another thread, while this one waited
                return None
            raise
        if event is None:
            if self._closed:  # while it waited for the server to come back
                return None
            self._reader.whole()
            return None
        return self._reader.take_in(event)
