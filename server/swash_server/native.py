"""Native gRPC: the rpcs as handlers of grpc.aio."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
from google.rpc import status_pb2

from swash_server.guard import Guard
from swash_server.rpcs import SERVICE, Rpc, Shape

STATUS_DETAILS = "grpc-status-details-bin"  # where gRPC carries a google.rpc.Status

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


def handlers(rpcs: tuple[Rpc, ...], guard: Guard) -> grpc.GenericRpcHandler:
    """Return what grpc.aio serves; bytes go in and out, for the guard parses and the service serialises."""
    return grpc.method_handlers_generic_handler(
        SERVICE.full_name, {rpc.name: _handler(rpc, guard) for rpc in rpcs}
    )


def _handler(rpc: Rpc, guard: Guard) -> "grpc.RpcMethodHandler[Any, Any]":
    async def unary(request: bytes, context: Context) -> bytes | None:
        return await guard.unary(rpc, request, _NativeCall(context))

    # grpc.aio wants generator functions, not functions that return a generator.
    async def stream(asked: bytes | AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        async with aclosing(guard.stream(rpc, asked, _NativeCall(context))) as answers:
            async for answer in answers:
                yield answer

    if rpc.shape is Shape.STREAM:
        return grpc.unary_stream_rpc_method_handler(stream, None, None)
    if rpc.shape is Shape.DUPLEX:
        return grpc.stream_stream_rpc_method_handler(stream, None, None)
    return grpc.unary_unary_rpc_method_handler(unary, None, None)


class _NativeCall:
    """A call over HTTP/2."""

    transport = "grpc"

    def __init__(self, context: Context) -> None:
        self._context = context

    def header(self, name: str) -> str | None:
        for key, value in self._context.invocation_metadata() or ():
            if key == name and isinstance(value, str):
                return value
        return None

    def time_remaining(self) -> float | None:
        return self._context.time_remaining()

    def gone(self) -> bool:
        return self._context.cancelled()

    def fail(self, status: status_pb2.Status) -> None:
        self._context.set_code(next(code for code in grpc.StatusCode if code.value[0] == status.code))
        self._context.set_details(status.message)
        self._context.set_trailing_metadata(((STATUS_DETAILS, status.SerializeToString()),))
