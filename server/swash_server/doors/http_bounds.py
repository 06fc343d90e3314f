"""A connection of the HTTP port that strangers cannot make expensive. docs/concepts/limits.md lists its bounds."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from swash_server.doors.http_peer import HttpConnection
from swash_server.doors.limits import Census

MAX_HEAD_BYTES = 32 * 1024  # nginx takes four lines of 8 KiB
MAX_HEADERS = 100
MAX_PIPELINED = 8  # requests behind one that is being answered
_PIECE_BYTES = 16 * 1024  # that are parsed between two looks at what came of them
_PHRASES = {
    400: "Bad Request", 408: "Request Timeout", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the connections of a port share.

    The head of a request comes within `request_s` of its first byte, or of the connection, and its body within as
    long again. An answer may stay unread for `stall_s`; `on_refused` hears why something was refused or cut off.
    """

    census: Census
    request_s: float
    stall_s: float
    on_refused: Callable[[str], object]


class BoundedConnection(HttpConnection):
    """Bounds heads in bytes, lines and time, bodies in time, what is asked ahead, and how long answers wait.

    A subclass says its `bounds`. Of what is no body, as heads, trailers and chunks' extensions, there may be
    MAX_HEAD_BYTES in a row.
    """

    bounds: Bounds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in, if there is room."""
        self._entered: str | None = None
        self._due: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._refusal: tuple[str, int, str] | None = None
        self._in_head = True
        self._lines = 0  # of the head
        self._beside_bytes = 0  # since the last of a body
        super().connection_made(transport)
        address = str(self.client[0]) if self.client else ""
        if (full := self.bounds.census.enter(address)) is not None:
            status, which = (503, "in all") if full == "connections" else (429, "of one address")
            self._refuse(full, status, f"too many connections {which}")
            return
        self._entered = address
        self._expect_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it out."""
        for timer in (self._due, self._stalled):
            if timer is not None:
                timer.cancel()
        if self._entered is not None:
            self.bounds.census.leave(self._entered)
            self._entered = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, piece by piece."""
        self._unset_keepalive_if_required()
        for at in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing():
                return
            piece = data[at : at + _PIECE_BYTES]
            self._beside_bytes += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade:  # answered as if it had not been asked for
                return
            except httptools.HttpParserError:
                self._refusal = self._refusal or ("request", 400, "not a request of HTTP/1.1")
            if self._beside_bytes > MAX_HEAD_BYTES:
                self._flooded()
            if self._refusal is not None:
                self._refuse(*self._refusal)

    def on_message_begin(self) -> None:
        """Begin a head."""
        if self._refusal is None:
            self._in_head = True
            self._beside_bytes = self._lines = 0
            self._expect_more()
            super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of a head; those behind a body mean nothing here."""
        self._lines += 1
        if self._lines > MAX_HEADERS:
            self._flooded()
        elif self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refusal = ("pipeline", 400, f"at most {MAX_PIPELINED} requests ahead of their answers")
        if sum(name == b"host" for name, _ in self.headers) > 1:  # RFC 9112, 3.2: each reader might take another
            self._refusal = ("request", 400, "host: named once, got more")
        if self._refusal is None:
            self._in_head = False
            self._beside_bytes = self._lines = 0
            self._expect_more()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take some of a body."""
        if self._refusal is None:
            self._beside_bytes = 0
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing any more."""
        if self._refusal is None:
            self._beside_bytes = 0
            self._cancel_due()
            super().on_message_complete()

    def pause_writing(self) -> None:
        """Give a reader who does not read some time."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.bounds.stall_s, self._cut_off, "stalled")

    def resume_writing(self) -> None:
        """Note that it reads."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _flooded(self) -> None:
        self._refusal = ("head", 431, f"headers: at most {MAX_HEADERS} in {MAX_HEAD_BYTES} bytes")

    def _expect_more(self) -> None:
        """Have what is awaited come in time."""
        self._cancel_due()
        self._due = self.loop.call_later(self.bounds.request_s, self._late)

    def _cancel_due(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _late(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._expect_more()
        elif self._in_head:
            self._refuse("slow", 408, f"the head of a request within {self.bounds.request_s:g} s")
        else:
            self._cut_off("slow")

    def _cut_off(self, reason: str) -> None:
        self.bounds.on_refused(reason)
        self.transport.abort()

    def _refuse(self, reason: str, status: int, text: str) -> None:
        """Say why, unless an answer is on its way, and close the connection."""
        self.bounds.on_refused(reason)
        begun = self.cycle is not None and not self.cycle.response_complete
        if begun and not self.cycle.response_started and not self.pipeline:
            self.cycle.disconnected, begun = True, False  # whoever answers it hears that nobody waits
            self.cycle.message_event.set()
        if not begun:
            head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            length = f"content-length: {len(text) + 1}\r\nconnection: close\r\n\r\n"
            self.transport.write(f"{head}{length}{text}\n".encode())
        self.transport.close()
