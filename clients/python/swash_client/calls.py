"""Render calls, sync and async, made again where they break; and how long a first message may take."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, Self, TypeVar

import grpc

from swash.v1 import sound_pb2 as pb
from swash_client.asking import Asking
from swash_client.errors import DeadlineError, SwashError
from swash_client.server import Metadata
from swash_client.status import typed_errors

MessageT = TypeVar("MessageT")
IteratorT = TypeVar("IteratorT")


class _Calls(Generic[IteratorT]):
    """What the calls for one sound have in common: one at a time, all within one deadline."""

    _left: Any  # an event: nobody listens any more, or there is no more to hear

    def __init__(
        self,
        render: Callable[..., Any],
        asking: Asking,
        *,
        address: str,
        metadata: Metadata,
        timeout_s: float,
        first_s: float,
    ) -> None:
        """Take the method to call; `first_s` is for the first message of each call for a sound that is awaited."""
        self._render = render
        self._asking = asking
        self._address = address
        self._metadata = metadata
        self._first_s = first_s if asking.awaited else timeout_s
        self._deadline_s = time.monotonic() + timeout_s
        self._call: Any = None
        self._events: IteratorT | None = None

    def _left_s(self) -> float:
        return max(0.0, self._deadline_s - time.monotonic())

    def _made(self) -> Any:
        """Return the next call."""
        self._call = self._render(self._asking.request(), timeout=self._left_s(), metadata=self._metadata)
        return self._call

    def _over(self) -> None:
        self._events = None
        if self._call is not None:
            self._call.cancel()

    def _again_s(self, error: SwashError) -> float:
        """Return how long to wait before the next call; raise the error, for good, when there is none."""
        self._over()
        try:
            return self._asking.wait_s(error, self._left_s())
        except SwashError:
            self._left.set()
            raise


class Calls(_Calls[Iterator[pb.RenderResponse]]):
    """The events of a sound; `cancel` may come from another thread, and ends a wait between two calls too."""

    def __init__(self, *given: Any, **also: Any) -> None:
        """Take what all calls take."""
        super().__init__(*given, **also)
        self._left = threading.Event()

    def cancel(self) -> None:
        """Leave the sound."""
        self._left.set()
        if self._call is not None:
            self._call.cancel()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pb.RenderResponse:
        while not self._left.is_set():
            try:
                with typed_errors(self._address):
                    event = next(self._arriving(), None)
                if event is None:
                    if not self._asking.unfinished:
                        break
                    self._over()
                elif (kept := self._asking.take_in(event)) is not None:
                    return kept
            except SwashError as error:
                self._left.wait(self._again_s(error))
        self._left.set()
        raise StopIteration

    def _arriving(self) -> Iterator[pb.RenderResponse]:
        if self._events is None:
            left_s = self._left_s()
            call = self._made()
            if self._left.is_set():  # while it was made
                call.cancel()
            # Within the deadline nobody needs a second clock.
            self._events = call if left_s <= self._first_s else begun(call, self._first_s, self._address)
        return self._events


class AsyncCalls(_Calls[AsyncIterator[pb.RenderResponse]]):
    """The events of a sound on an event loop; `cancel` ends a wait between two calls too."""

    def __init__(self, *given: Any, **also: Any) -> None:
        """Take what all calls take."""
        super().__init__(*given, **also)
        self._left = asyncio.Event()
        self._heard = False

    def cancel(self) -> None:
        """Leave the sound."""
        self._left.set()
        if self._call is not None:
            self._call.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> pb.RenderResponse:
        while not self._left.is_set():
            try:
                with typed_errors(self._address):
                    event = await self._next()
                if event is None:
                    if not self._asking.unfinished:
                        break
                    self._over()
                elif (kept := self._asking.take_in(event)) is not None:
                    return kept
            except SwashError as error:
                await self._wait(self._again_s(error))
        self._left.set()
        raise StopAsyncIteration

    async def _next(self) -> pb.RenderResponse | None:
        if self._events is None:
            self._events = aiter(self._made())
            self._heard = False
        if self._heard:
            return await anext(self._events, None)
        event = await first_of(self._events, self._first_s, self._address)
        self._heard = True
        return event

    async def _wait(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._left.wait()
        except TimeoutError:
            pass


class Fetched:
    """A call of Fetch, as the events that one of Render would have."""

    def __init__(self, fetch: Any, request: pb.RenderRequest, **how: Any) -> None:
        """Make the call."""
        self._call = fetch.future(pb.FetchRequest(render=request), **how)
        self._events: Iterator[pb.RenderResponse] | None = None

    def cancel(self) -> None:
        """Leave it."""
        self._call.cancel()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pb.RenderResponse:
        if self._events is None:
            self._events = iter(_events(self._call.result()))
        return next(self._events)


class AsyncFetched:
    """The same on an event loop."""

    def __init__(self, fetch: Any, request: pb.RenderRequest, **how: Any) -> None:
        """Make the call."""
        self._call = fetch(pb.FetchRequest(render=request), **how)

    def cancel(self) -> None:
        """Leave it."""
        self._call.cancel()

    async def __aiter__(self) -> AsyncIterator[pb.RenderResponse]:
        for event in _events(await self._call):
            yield event


def _events(whole: pb.FetchResponse) -> tuple[pb.RenderResponse, ...]:
    return (
        pb.RenderResponse(header=whole.header),
        pb.RenderResponse(audio=pb.Audio(data=whole.data)),
        pb.RenderResponse(trailer=whole.trailer),
    )


def begun(call: Any, first_s: float, address: str) -> Iterator[Any]:
    """Yield the messages of a call; raise DeadlineError when the first does not come within `first_s`."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        call.cancel()

    timer = threading.Timer(first_s, give_up)
    timer.daemon = True
    timer.start()
    try:
        for message in call:
            timer.cancel()
            yield message
    except grpc.RpcError as error:
        if late.is_set():
            raise _late(first_s, address) from error
        raise
    finally:
        timer.cancel()


async def first_of(messages: AsyncIterator[MessageT], first_s: float, address: str) -> MessageT | None:
    """Return the first message, None when there is none; raise DeadlineError when it does not come in time."""
    try:
        async with asyncio.timeout(first_s):
            return await anext(messages, None)
    except TimeoutError:
        raise _late(first_s, address) from None


def _late(first_s: float, address: str) -> DeadlineError:
    return DeadlineError(f"nothing came from {address} within {first_s:g} s; is the server stuck?")
