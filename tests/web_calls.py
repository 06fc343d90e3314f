"""gRPC-Web over HTTP/1.1 with nothing but the standard library: what any client has to do, and no more."""

import base64
import contextlib
import http.client
import socket
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf.message import Message
from google.rpc import status_pb2

from swash.v1 import sound_pb2 as pb
from swash_server.doors.rpcs import SERVICE

ANSWERS: dict[str, type[Message]] = {
    method.name: getattr(pb, method.output_type.name) for method in SERVICE.methods
}
AnswerT = TypeVar("AnswerT", bound=Message)


class WebError(grpc.RpcError):
    """How a call ended that did not end well; asked as grpcio's errors are."""

    def __init__(self, code: int, message: str, status: status_pb2.Status) -> None:
        super().__init__(f"{code}: {message}")
        self._code, self._message = code, message
        self.status = status

    def code(self) -> grpc.StatusCode:
        return next(code for code in grpc.StatusCode if code.value[0] == self._code)

    def details(self) -> str:
        return self._message


class WebCall:
    """One call; iterate for its answers. `cancel` closes the connection, as a caller does who leaves."""

    def __init__(self, http_url: str, method: str, request: bytes, headers: dict[str, str] | None = None) -> None:
        self._answer = ANSWERS[method]
        self._connection = http.client.HTTPConnection(urlsplit(http_url).netloc, timeout=60)
        self._cancelled = False
        self._connection.request(
            "POST",
            f"/{SERVICE.full_name}/{method}",
            body=b"\0" + len(request).to_bytes(4, "big") + request,
            headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1", **(headers or {})},
        )
        self.response = self._connection.getresponse()
        self._socket = self._connection.sock

    def cancel(self) -> None:
        self._cancelled = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection; not while another thread iterates."""
        self.response.close()
        self._connection.close()

    def __iter__(self) -> Iterator[Any]:
        with contextlib.closing(self):
            assert self.response.status == 200, (self.response.status, self.response.read())
            if (early := self.response.headers.get("grpc-status")) is not None:
                self._end(int(early), dict(self.response.headers.items()))
                return
            while head := self._read(5):
                data = self._read(int.from_bytes(head[1:], "big"))
                if head[0] & 0x80:
                    lines = (line.split(":", 1) for line in data.decode().split("\r\n") if line)
                    trailers = {name.strip().lower(): value.strip() for name, value in lines}
                    self._end(int(trailers["grpc-status"]), trailers)
                    return
                yield self._answer.FromString(data)
            self._end(grpc.StatusCode.UNAVAILABLE.value[0], {"grpc-message": "the connection broke"})

    def _read(self, length: int) -> bytes:
        try:
            data = self.response.read(length)
        except (OSError, http.client.HTTPException, ValueError):
            data = b""
        return data if len(data) == length else b""

    def _end(self, code: int, trailers: dict[str, str]) -> None:
        if code or self._cancelled:
            packed = trailers.get("grpc-status-details-bin", "")
            status = status_pb2.Status.FromString(base64.b64decode(packed + "==="))
            raise WebError(code or 1, unquote(trailers.get("grpc-message", "")), status)


def web_unary(http_url: str, method: str, request: Message) -> Any:
    """Return the one answer to a call."""
    (answer,) = WebCall(http_url, method, request.SerializeToString())
    return answer
