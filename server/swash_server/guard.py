"""Around every call, whichever way it comes: an id, a count, and one status for each kind of error."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol

import grpc
from google.rpc import status_pb2

from swash_model.errors import SoundError
from swash_server.errors import SwashError, UnforeseenError, status_of
from swash_server.metrics import Metrics
from swash_server.request_id import REQUEST_ID
from swash_server.rpcs import Rpc

log = logging.getLogger(__name__)


class Call(Protocol):
    """One call as its transport knows it."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the deadline, or None when there is none."""
        ...

    def gone(self) -> bool:
        """Return whether the caller has left."""
        ...

    def fail(self, status: status_pb2.Status) -> None:
        """Tell the caller how the call ended; may raise what the transport wants raised."""
        ...


class Guard:
    """Gives each call an id, counts it by method and code, and answers errors with their status.

    Requests are parsed within, so that bytes that are no message are answered as any other mistake of a caller.
    """

    def __init__(self, metrics: Metrics) -> None:
        """Count into these metrics."""
        self._metrics = metrics

    async def unary(self, rpc: Rpc, request: bytes, call: Call) -> bytes | None:
        """Return the serialised answer to a call; None when it failed and the caller has been told."""
        with self._guarded(rpc, call):
            return rpc.serialised(await rpc.handle(rpc.parsed(request), call))
        return None

    async def stream(self, rpc: Rpc, request: bytes, call: Call) -> AsyncGenerator[bytes]:
        """Yield the serialised answers to a call of one request."""
        with self._guarded(rpc, call):
            async with aclosing(rpc.handle(rpc.parsed(request), call)) as answers:
                async for answer in answers:
                    yield rpc.serialised(answer)

    async def duplex(self, rpc: Rpc, requests: AsyncIterator[bytes], call: Call) -> AsyncGenerator[bytes]:
        """Yield the serialised answers to a call of many requests; each is parsed when it is read."""
        parsed = (rpc.parsed(request) async for request in requests)
        with self._guarded(rpc, call):
            async with aclosing(rpc.handle(parsed, call)) as answers:
                async for answer in answers:
                    yield rpc.serialised(answer)

    @contextmanager
    def _guarded(self, rpc: Rpc, call: Call) -> Iterator[None]:
        REQUEST_ID.set(secrets.token_hex(8))
        code = grpc.StatusCode.CANCELLED  # unless it ends in another way
        try:
            yield
            code = grpc.StatusCode.OK
        except Exception as error:  # noqa: BLE001 - where a call ends: the caller is told
            # A write to a caller who has gone raises what it likes.
            left = isinstance(error, asyncio.CancelledError) or call.gone()
            if isinstance(error, SwashError | SoundError) or not left:
                status = status_of(_told(error))
                code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
                call.fail(status)
        finally:
            self._metrics.calls.labels(rpc.name, code.name).inc()


def _told(error: Exception) -> SwashError | SoundError:
    """Return what a caller is told of an error; what nobody foresaw goes into the log."""
    if isinstance(error, SwashError | SoundError):
        return error
    request_id = REQUEST_ID.get()
    log.error("call %s failed", request_id, exc_info=error)
    return UnforeseenError(request_id)
