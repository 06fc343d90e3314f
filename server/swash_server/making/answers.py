"""Answers given before: what the same request is answered with again while its sound is in memory."""

import time
import weakref
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from cachetools import LRUCache

from swash_server import wire, wire_fetch
from swash_server.doors.call_record import recorded
from swash_server.doors.request_id import REQUEST_ID
from swash_server.formats.encode import Encoding
from swash_server.making import cut
from swash_server.making.renderer import Renderer
from swash_server.making.tape import Cached, Tape
from swash_server.observability.board import Board
from swash_server.observability.board_note import Noted, code_name
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import SPAN

MAX_ANSWERS = 4096  # some 2 KiB each
MAX_REQUEST_BYTES = 4096  # a longer one, such as with audio to begin with, is understood each time


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request of one take was answered, but for its audio, which is the tape's.

    `header` is a serialised Header without a request id, `trailer` a serialised RenderResponse.
    """

    tape: "weakref.ref[Tape]"
    header: bytes
    trailer: bytes
    encoding: Encoding
    note: Noted


class Answers:
    """Remembers answers by their requests. Lives on the event loop.

    A request with a seed is answered the same way each time, and to understand it, to name its sound and to
    describe that costs more than to send it.
    """

    def __init__(self, *, renderer: Renderer, metrics: Metrics, board: Board | None) -> None:
        """Take the parts of the service; what the renderer forgets is forgotten here."""
        self._renderer = renderer
        self._metrics = metrics
        self._board = board
        self._lookups = metrics.lookups.labels(Cached.MEMORY.value)
        self._answers: LRUCache[bytes, Answer] = LRUCache(MAX_ANSWERS)

    def learn(self, request: bytes, answer: Answer) -> None:
        """Remember how a request, as `wire.canonical` gives it, was answered."""
        if len(request) <= MAX_REQUEST_BYTES:
            self._answers[request] = answer

    def known(self, request: bytes) -> "Replay | None":
        """Return how a request is answered, counted as just asked; None while that must be found out."""
        if (answer := self._answers.get(request)) is None:
            return None
        tape = answer.tape()
        if tape is None or not self._renderer.plays(tape):
            del self._answers[request]
            return None
        self._lookups.inc()
        return Replay(answer, tape, self._metrics, self._board)


class Replay:
    """One answer, given once more."""

    def __init__(self, answer: Answer, tape: Tape, metrics: Metrics, board: Board | None) -> None:
        self._answer = answer
        self._tape = tape
        self._metrics = metrics
        self._board = board
        self._sent_bytes = 0
        self._first_frames_s: float | None = None

    async def messages(self, arrived_s: float) -> AsyncGenerator[bytes]:
        """Yield serialised RenderResponse messages; `arrived_s` is when the caller began to wait."""
        with self._told():
            yield wire.addressed(self._answer.header, REQUEST_ID.get())
            for message in self._tape.messages[self._answer.encoding]:
                self._heard(arrived_s)
                self._sent_bytes += len(message)
                yield message
            yield self._answer.trailer

    async def whole(self, arrived_s: float) -> bytes:
        """Return the serialised FetchResponse."""
        with self._told():
            wire_fetch.check_size(sum(map(len, self._tape.messages[self._answer.encoding])))
            data = await cut.whole(self._tape, self._answer.encoding)
            self._heard(arrived_s)
            self._sent_bytes = len(data)
            return wire.fetched(wire.addressed(self._answer.header, REQUEST_ID.get()), data, self._answer.trailer)

    def _heard(self, arrived_s: float) -> None:
        if self._first_frames_s is None:
            self._first_frames_s = waited_s = time.perf_counter() - arrived_s
            self._metrics.first_frames.labels(Cached.MEMORY.value, self._answer.note.engine).observe(waited_s)
            recorded().heard()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Count what was sent, and tell the log, the board and the trace, however it ends."""
        note = self._answer.note
        effects = "+".join(note.effects) or None
        record = recorded()
        record.prompt = note.prompt
        record.engine, record.effect = note.engine, effects
        record.seed, record.cached = note.seed, Cached.MEMORY.value
        ending: BaseException | None = None
        with SPAN.get().child("take", take=0) as span:
            span.child("lookup", tier="memory", cached=record.cached).end()
            span.tell(engine=note.engine, effect=effects, seed=note.seed, cached=record.cached)
            try:
                yield
            except BaseException as error:
                ending = error
                raise
            finally:
                self._metrics.sent.labels(self._answer.encoding.name).inc(self._sent_bytes)
                if self._board is not None:
                    self._board.add(self._noted(ending))

    def _noted(self, ending: BaseException | None) -> Noted:
        first_s = self._first_frames_s
        return replace(
            self._answer.note,
            ended_s=time.time(),
            request_id=REQUEST_ID.get(),
            first_frames_ms=None if first_s is None else first_s * 1000.0,
            code=code_name(ending),
        )
