"""Native gRPC: the rpcs as handlers of grpc.aio."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

import grpc
from google.rpc import status_pb2

from swash_server.callers.identity import Peer
from swash_server.doors.guard import Guard
from swash_server.doors.rpcs import Rpc, Shape
from swash_server.doors.watchdog import Watchdog

STATUS_DETAILS = "grpc-status-details-bin"  # where gRPC carries a google.rpc.Status

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take to come, and an answer stay unread; who hears of those that stayed longer."""

    request_s: float
    stall_s: float
    on_stalled: Callable[[], object]


def handlers(rpcs: tuple[Rpc, ...], guard: Guard, patience: Patience) -> grpc.GenericRpcHandler:
    """Return what grpc.aio serves of a service; bytes go in and out: the guard parses, the service serialises."""
    (service,) = {rpc.service for rpc in rpcs}
    return grpc.method_handlers_generic_handler(
        service, {rpc.name: _handler(rpc, guard, patience) for rpc in rpcs}
    )


def _handler(rpc: Rpc, guard: Guard, patience: Patience) -> "grpc.RpcMethodHandler[Any, Any]":
    # grpc.aio would wait for the one request of a call as long as the caller likes, so it is read here.
    async def answered(requests: AsyncIterator[bytes], context: Context) -> None:
        with closing(Watchdog()) as watchdog:
            if await _answered(requests, context, watchdog):
                return
        patience.on_stalled()
        # Heard by those who read on after all; until then, or until they leave, only this task waits.
        await context.abort(grpc.StatusCode.ABORTED, f"the answer was not read for {patience.stall_s:g} s")

    async def _answered(requests: AsyncIterator[bytes], context: Context, watchdog: Watchdog) -> bool:
        """Answer a call; return False when the caller does not read."""
        call = _NativeCall(context, certificates=guard.reads_certificates)
        asked: bytes | AsyncIterator[bytes] = requests
        if rpc.shape is not Shape.DUPLEX:
            asked = await _only(requests, context, watchdog, patience.request_s)
        if rpc.shape is Shape.UNARY:
            assert isinstance(asked, bytes)
            if (told := await guard.unary(rpc, asked, call)) is not None:
                await context.write(told)
            return True
        async with aclosing(guard.stream(rpc, asked, call)) as answers:
            async for answer in answers:
                try:
                    await watchdog.within(patience.stall_s, context.write(answer))
                except TimeoutError:
                    return False
        return True

    return grpc.stream_stream_rpc_method_handler(answered, None, None)


async def _only(requests: AsyncIterator[bytes], context: Context, watchdog: Watchdog, within_s: float) -> bytes:
    """Return the one request of a call, or end the call when it does not come in time."""
    request = None
    with suppress(TimeoutError):
        request = await watchdog.within(within_s, anext(requests, None))
    if request is None:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"request: one within {within_s:g} s, got none")
        raise AssertionError("abort raises")
    return request


class _NativeCall:
    """A call over HTTP/2."""

    transport = "grpc"

    def __init__(self, context: Context, *, certificates: bool) -> None:
        self._context = context
        self._certificates = certificates
        headers = [(key, value) for key, value in context.invocation_metadata() or () if isinstance(value, str)]
        self._headers = dict(reversed(headers))  # of two of a name the first counts

    def header(self, name: str) -> str | None:
        return self._headers.get(name)

    def peer(self) -> Peer:
        names = _names(self._context.auth_context()) if self._certificates else ()
        return Peer(_host(self._context.peer()), names)

    def time_remaining(self) -> float | None:
        return self._context.time_remaining()

    def gone(self) -> bool:
        return self._context.cancelled()

    def fail(self, status: status_pb2.Status) -> None:
        self._context.set_code(next(code for code in grpc.StatusCode if code.value[0] == status.code))
        self._context.set_details(status.message)
        self._context.set_trailing_metadata(((STATUS_DETAILS, status.SerializeToString()),))


def _host(peer: str) -> str:
    """Return the address in what gRPC calls a peer, "ipv4:127.0.0.1:50051" or "ipv6:%5B::1%5D:50051"."""
    kind, _, where = peer.partition(":")
    return unquote(where).rpartition(":")[0].strip("[]") if kind in {"ipv4", "ipv6"} else ""


def _names(authentic: Mapping[str, Iterable[bytes]]) -> tuple[str, ...]:
    """Return the names in a client's certificate, none where there is no certificate."""
    for kind in ("x509_subject_alternative_name", "x509_common_name"):
        if names := tuple(name.decode("utf-8", "replace") for name in authentic.get(kind, ())):
            return names
    return ()
