"""Live sessions that are commanded by calls of their own: Listen opens one, Control hands requests in."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from swash.v1 import sound_pb2
from swash_model.errors import InvalidAskError
from swash_server.errors import OverloadedError, UnknownSessionError

MAX_REQUESTS = 1000  # of one Control call, and of one session that wait to be understood
RETRY_AFTER_S = 0.1


class Desk:
    """Takes the requests of one session, in order and each only once; `requests` yields them as Perform's come."""

    def __init__(self) -> None:
        """Wait for call 0."""
        self._next = 0
        self._ended = False
        self._waiting: asyncio.Queue[sound_pb2.PerformRequest | None] = asyncio.Queue()

    def hand_in(self, call: sound_pb2.ControlRequest) -> None:
        """Take the requests of a call; one that has been taken before changes nothing."""
        if call.number < self._next:
            return
        if call.number > self._next:
            raise InvalidAskError("number", f"{self._next}, for it is the next, got {call.number}")
        if self._ended:
            raise InvalidAskError("number", f"at most {self._next - 1}, for that call ended the requests")
        if len(call.requests) > MAX_REQUESTS:
            raise InvalidAskError("requests", f"at most {MAX_REQUESTS}, got {len(call.requests)}")
        if self._waiting.qsize() + len(call.requests) > MAX_REQUESTS:
            raise OverloadedError("the answers to earlier requests have not been read", RETRY_AFTER_S)
        self._next += 1
        for request in call.requests:
            self._waiting.put_nowait(request)
        if call.end:
            self._ended = True
            self._waiting.put_nowait(None)

    async def requests(self) -> AsyncIterator[sound_pb2.PerformRequest]:
        """Yield the requests until they end."""
        while (request := await self._waiting.get()) is not None:
            yield request


class Desks:
    """The desks of all sessions, by the names that only their callers know."""

    def __init__(self) -> None:
        """Begin with none."""
        self._desks: dict[str, Desk] = {}

    @contextmanager
    def opened(self, prefix: str = "") -> Iterator[tuple[str, Desk]]:
        """Give a desk and its name, which begins with `prefix`, while its session lives."""
        name, desk = prefix + secrets.token_urlsafe(16), Desk()
        self._desks[name] = desk
        try:
            yield name, desk
        finally:
            del self._desks[name]

    def named(self, name: str) -> Desk:
        """Return a session's desk, or raise UnknownSessionError."""
        try:
            return self._desks[name]
        except KeyError:
            raise UnknownSessionError("no live session of this name: it is over, perhaps") from None
