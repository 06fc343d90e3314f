"""gRPC-Web and Connect over HTTP/1.1: the rpcs for browsers and game engines, by connectrpc.

connectrpc is young, so only this module knows it. Messages pass through it as bytes: the guard parses requests and
the service serialises answers, as for native gRPC.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, TypeAlias

from connectrpc.code import Code
from connectrpc.codec import Codec
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import status_pb2
from protobuf.wkt import Any as AnyMessage

from swash_server.callers.identity import PEER, Peer
from swash_server.doors.guard import Guard
from swash_server.doors.rpcs import SERVICE, Rpc, Shape
from swash_server.wire import MAX_REQUEST_BYTES

PATH = f"/{SERVICE.full_name}"
_CODES = {
    1: Code.CANCELED, 2: Code.UNKNOWN, 3: Code.INVALID_ARGUMENT, 4: Code.DEADLINE_EXCEEDED, 5: Code.NOT_FOUND,
    6: Code.ALREADY_EXISTS, 7: Code.PERMISSION_DENIED, 8: Code.RESOURCE_EXHAUSTED, 9: Code.FAILED_PRECONDITION,
    10: Code.ABORTED, 11: Code.OUT_OF_RANGE, 12: Code.UNIMPLEMENTED, 13: Code.INTERNAL, 14: Code.UNAVAILABLE,
    15: Code.DATA_LOSS, 16: Code.UNAUTHENTICATED,
}  # fmt: skip

Context: TypeAlias = "RequestContext[Any, Any]"
Scope: TypeAlias = Any
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]


class WebRpcs(ConnectASGIApplication[None]):
    """An ASGI application that serves the rpcs under PATH."""

    def __init__(self, rpcs: tuple[Rpc, ...], guard: Guard) -> None:
        """Serve these rpcs. Nothing is compressed: PCM hardly shrinks, and files are compressed already."""
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        endpoints = {rpc.path: _endpoint(rpc, guard) for rpc in rpcs}
        super().__init__(
            service=None,
            endpoints=lambda _: endpoints,
            read_max_bytes=MAX_REQUEST_BYTES,
            compressions=[],
            codecs=[_Bytes(), _Json()],
        )

    @property
    def path(self) -> str:
        """Return the path that everything is below."""
        return PATH

    async def drained(self, within_s: float) -> None:
        """Return when no call is being answered any more, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        self._calls += 1
        self._idle.clear()
        try:
            await self._answer(scope, receive, send)
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; native gRPC, which needs another port, is told so."""
        kind = dict(scope.get("headers", ())).get(b"content-type", b"")
        if kind.startswith(b"application/grpc") and not kind.startswith(b"application/grpc-web"):
            await _refuse(
                send, 415, "native gRPC needs HTTP/2 and has a port of its own; here: gRPC-Web or Connect\n"
            )
            return
        await super().__call__(scope, receive, send)


class _Answer:
    """A serialised answer, and what it is: JSON needs to know."""

    __slots__ = ("data", "kind")

    def __init__(self, data: bytes, kind: type[Message]) -> None:
        self.data = data
        self.kind = kind


class _Bytes(Codec[_Answer, Any]):
    """Messages in binary, left as they are."""

    def name(self) -> str:
        return "proto"

    def encode(self, message: _Answer) -> bytes:
        return message.data

    def decode(self, data: bytes | bytearray, _message_class: type[Any]) -> Any:
        return bytes(data)


class _Json(Codec[_Answer, Any]):
    """Messages in JSON, for curl and curious people."""

    def name(self) -> str:
        return "json"

    def encode(self, message: _Answer) -> bytes:
        return json_format.MessageToJson(message.kind.FromString(message.data), indent=None).encode()

    def decode(self, data: bytes | bytearray, message_class: type[Any]) -> Any:
        try:
            return json_format.Parse(bytes(data) or b"{}", message_class()).SerializeToString()
        except (json_format.ParseError, UnicodeDecodeError) as error:
            raise ConnectError(Code.INVALID_ARGUMENT, f"request: no JSON of the contract: {error}") from error


class _WebCall:
    """A call over HTTP/1.1."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def transport(self) -> str:
        kind = self._context.request_headers.get("content-type", "")
        return "grpc_web" if kind.startswith("application/grpc-web") else "connect"

    def header(self, name: str) -> str | None:
        value: str | None = self._context.request_headers.get(name)
        return value

    def peer(self) -> Peer:
        return PEER.get()

    def time_remaining(self) -> float | None:
        left_ms = self._context.timeout_ms
        return None if left_ms is None else max(0.0, left_ms / 1000.0)

    def gone(self) -> bool:
        return False  # connectrpc cancels the call

    def fail(self, status: status_pb2.Status) -> None:
        details = [ErrorDetail(AnyMessage(type_url=one.type_url, value=one.value)) for one in status.details]
        raise ConnectError(_CODES[status.code], status.message, details)


def _endpoint(rpc: Rpc, guard: Guard) -> Any:
    async def unary(request: bytes, context: Context) -> _Answer:
        answer = await guard.unary(rpc, request, _WebCall(context))
        assert answer is not None  # a failed call raises
        return _Answer(answer, rpc.response)

    async def stream(request: bytes, context: Context) -> AsyncIterator[_Answer]:
        async with aclosing(guard.stream(rpc, request, _WebCall(context))) as answers:
            async for answer in answers:
                yield _Answer(answer, rpc.response)

    async def duplex(_requests: AsyncIterator[bytes], _context: Context) -> AsyncIterator[_Answer]:
        advice = f"{rpc.name} needs two directions, which HTTP/1.1 has not: use Listen and Control"
        raise ConnectError(Code.UNIMPLEMENTED, advice)
        yield  # makes it a generator

    kinds: Mapping[Shape, tuple[StreamType, Callable[..., Any], Callable[..., Any]]] = {
        Shape.UNARY: (StreamType.UNARY, Endpoint.unary, unary),
        Shape.STREAM: (StreamType.SERVER_STREAM, Endpoint.server_stream, stream),
        Shape.DUPLEX: (StreamType.BIDI_STREAM, Endpoint.bidi_stream, duplex),
    }
    stream_type, make, handle = kinds[rpc.shape]
    method: MethodInfo[Any, Any] = MethodInfo(
        name=rpc.name,
        service_name=SERVICE.full_name,
        input=rpc.request,
        output=rpc.response,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=stream_type,
    )
    return make(method=method, function=handle)


async def _refuse(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
