"""Around every call: an id, a count, and one status for each kind of error."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from swash_model.errors import InvalidAskError, SoundError
from swash_server.errors import SwashError, UnforeseenError, status_of
from swash_server.metrics import Metrics

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
STATUS_DETAILS = "grpc-status-details-bin"  # where gRPC carries a google.rpc.Status
OURS = "/swash."

log = logging.getLogger(__name__)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class CallGuard(grpc.aio.ServerInterceptor):
    """Gives each call of ours an id, counts it by method and code, and answers errors with their status."""

    def __init__(self, metrics: Metrics) -> None:
        """Count into these metrics."""
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Wrap the handlers of our own services; health and reflection stay as they are."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(OURS):
            return handler
        method = handler_call_details.method.rpartition("/")[2]
        # Requests are parsed inside the guard: gRPC answers bytes that are no message with UNKNOWN.
        parse = _parser(handler.request_deserializer)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, parse, handler.unary_stream), None, handler.response_serializer
            )
        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(
                self._duplex(method, parse, handler.stream_stream), None, handler.response_serializer
            )
        assert handler.unary_unary, method
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, parse, handler.unary_unary), None, handler.response_serializer
        )

    def _stream(self, method: str, parse: Callable[[bytes], Any], handle: Any) -> Any:
        """Guard a call of one request; it is parsed inside."""
        return self._answers(method, lambda request, context: handle(parse(request), context))

    def _duplex(self, method: str, parse: Callable[[bytes], Any], handle: Any) -> Any:
        """Guard a call of many requests; each is parsed when it is read."""

        async def parsed(requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
            async for request in requests:
                yield parse(request)

        return self._answers(method, lambda requests, context: handle(parsed(requests), context))

    def _answers(self, method: str, handle: Any) -> Any:
        async def guarded(request: Any, context: Context) -> AsyncIterator[Any]:
            REQUEST_ID.set(secrets.token_hex(8))
            code = grpc.StatusCode.CANCELLED  # unless it ends in another way
            try:
                async with aclosing(handle(request, context)) as answers:
                    async for answer in answers:
                        yield answer
                code = grpc.StatusCode.OK
            except Exception as error:  # noqa: BLE001 - where a call ends: the caller is told
                code = await self._answer(error, context)
            finally:
                self._metrics.calls.labels(method, code.name).inc()

        return guarded

    def _unary(self, method: str, parse: Callable[[bytes], Any], handle: Any) -> Any:
        async def guarded(request: bytes, context: Context) -> Any:
            REQUEST_ID.set(secrets.token_hex(8))
            code = grpc.StatusCode.CANCELLED
            try:
                answer = await handle(parse(request), context)
                code = grpc.StatusCode.OK
                return answer
            except Exception as error:  # noqa: BLE001 - where a call ends: the caller is told
                code = await self._answer(error, context)
            finally:
                self._metrics.calls.labels(method, code.name).inc()

        return guarded

    async def _answer(self, error: Exception, context: Context) -> grpc.StatusCode:
        """Set the status of a failed call and return its code."""
        if not isinstance(error, SwashError | SoundError):
            if context.cancelled() or isinstance(error, asyncio.CancelledError):
                return grpc.StatusCode.CANCELLED  # a write to a caller who has gone raises what it likes
            request_id = REQUEST_ID.get()
            log.error("call %s failed", request_id, exc_info=error)
            error = UnforeseenError(request_id)
        status = status_of(error)
        code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
        context.set_code(code)
        context.set_details(status.message)
        context.set_trailing_metadata(((STATUS_DETAILS, status.SerializeToString()),))
        return code


def _parser(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Return what reads a request, or raises InvalidAskError for bytes that are none."""

    def parse(data: bytes) -> Any:
        try:
            return deserialize(data) if deserialize else data
        except DecodeError as error:
            raise InvalidAskError("request", f"{len(data)} bytes that are no message of the contract") from error

    return parse
