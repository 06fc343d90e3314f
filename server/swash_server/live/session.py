"""One live session: commands in, frames out, on a clock of its own."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Callable

from swash.v1 import sound_pb2
from swash_model.dsp.timeline import QUANTUM_S
from swash_model.engine import Engine
from swash_model.errors import InvalidAskError, SoundError
from swash_model.procedural import session_log
from swash_model.procedural.performance import Stop
from swash_server import wire_perform
from swash_server.callers.identity import IDENTITY
from swash_server.doors.call_record import recorded
from swash_server.errors import OverloadedError, SwashError
from swash_server.formats.encode import Encoding
from swash_server.live.crew import Seat
from swash_server.live.maker import Due, Happened
from swash_server.live.pace import Pace
from swash_server.live.stage import Stage
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import SPAN
from swash_server.wire_perform import Command, Opening

MAX_WAITING = 10_000  # commands of one session that wait for their frame
MAX_ANSWERS = 1000  # to a caller who sends and does not read: then no more is read
IDLE_S = 3600.0
RETRY_AFTER_S = 1.0
SAMPLE_BYTES = {Encoding.PCM_S16LE: 2, Encoding.PCM_F32LE: 4}


class Session:
    """Plays commands. Lives on the event loop; frames are made by a worker of the stage.

    `take` hands in requests, `finish` says that no more come, `messages` yields what is to be sent. The clock
    counts quanta of 10 ms and stands still while nothing is to be heard.
    """

    def __init__(
        self,
        opening: Opening,
        *,
        engine: Engine,
        stage: Stage,
        metrics: Metrics,
        request_id: str,
        clock_s: Callable[[], float],
    ) -> None:
        """Prepare it for whoever calls; `clock_s` is monotonic time."""
        self.caller = IDENTITY.get().name
        self._opening = opening
        self._engine = engine
        self._stage = stage
        self._metrics = metrics
        self._request_id = request_id
        self._record, self._span = recorded(), SPAN.get()
        self._record.engine = engine.name
        self._pace = Pace(None if opening.unpaced else opening.ahead_s, clock_s, metrics.underruns.inc)
        self._waiting: list[tuple[int, int, Command]] = []
        self._arrivals = itertools.count()
        self._answers: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._read = asyncio.Event()
        self._finished = False
        self._released = False
        self._failure: Exception | None = None
        self._layers: dict[int, int] = {}  # of each voice
        self._held = 0  # layers that are counted on the stage
        self._seat: Seat | None = None
        self._commands: dict[int, Command] = {}  # handed to the worker, by number
        self._quantum = 0  # that is made next
        self._linger = 0  # quanta in which something may still be heard
        self._voices: tuple[int, ...] = ()  # that nobody has stopped
        self._sent_frames = 0

    async def room(self) -> None:
        """Wait until there is room for another request's answer."""
        while len(self._answers) >= MAX_ANSWERS:
            self._read.clear()
            await self._read.wait()

    def take(self, request: sound_pb2.PerformRequest) -> None:
        """Understand a request and let its command wait for its frame; one that cannot be is refused."""
        try:
            if len(self._waiting) >= MAX_WAITING:
                raise OverloadedError(f"{MAX_WAITING} commands of this session wait already", RETRY_AFTER_S)
            command = wire_perform.command(
                request, self._opening.quantum_frames, self._quantum, self._engine.resolve
            )
            self._stage.reserve(command.layers, self.caller)
        except (SoundError, SwashError) as error:
            self._answers.append(wire_perform.refused(request.id, error))
            self._metrics.commands.labels("refused").inc()
        else:
            self._held += command.layers
            self._wait(command)
        self._changed.set()

    def finish(self) -> None:
        """Say that no more requests come: what waits is done, then all is released and the session closes."""
        self._finished = True
        self._changed.set()

    def end(self, failure: Exception) -> None:
        """Release every voice now, close, and let `messages` raise this."""
        self._failure = failure
        self._changed.set()

    async def messages(self) -> AsyncGenerator[bytes]:
        """Yield serialised PerformResponse messages until the session is over."""
        self._stage.enter(self)
        try:
            with SPAN.get().child("seat"):
                self._seat = await self._stage.seat(self._opening.mastering, self._opening.encoding)
            yield self._opened()
            if self._opening.unpaced:
                while not self._ends and await self._woken(IDLE_S):
                    pass
            while True:
                while self._answers:
                    yield self._answers.popleft()
                    self._read.set()
                self._release_at_the_end()
                if not self._active:
                    if self._ends or not await self._woken(IDLE_S):
                        break
                    self._pace.stand_still()
                    continue
                made_s = self._quantum * QUANTUM_S
                left_s = self._pace.left_s(made_s)
                chunk_s = self._pace.chunk_s()
                if (early_s := self._pace.early_s(left_s, chunk_s)) > 0.0:
                    await self._woken(early_s)
                    continue
                for message in await self._made(round(chunk_s / QUANTUM_S)):
                    yield message
                self._pace.begin(made_s)
            for message in await self._closed():
                yield message
            if self._failure is not None:
                raise self._failure
        finally:
            if self._seat is not None:
                self._seat.leave()
            self._stage.release(self._held, self.caller)
            self._stage.leave(self)
            self._span.tell(frames=self._sent_frames, underruns=self._pace.underruns)

    @property
    def _ends(self) -> bool:
        return self._finished or self._failure is not None

    @property
    def _active(self) -> bool:
        return bool(self._waiting) or self._linger > 0

    def _wait(self, command: Command) -> None:
        heapq.heappush(self._waiting, (command.quantum, next(self._arrivals), command))

    async def _woken(self, within_s: float) -> bool:
        """Wait for something to do, at most this long; return whether there is."""
        self._changed.clear()
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _release_at_the_end(self) -> None:
        """Stop every voice when nothing more will be asked of them."""
        if self._released or not (self._failure or (self._finished and not self._waiting)):
            return
        self._released = True
        for _, _, command in self._waiting:  # of a session that is cut short
            self._let_go(command.layers)
        self._waiting.clear()
        for voice in self._voices:
            self._wait(Command(0, 0, Stop(voice)))

    async def _made(self, quanta: int) -> list[bytes]:
        """Have so many quanta made; return what happened, and then the frames."""
        assert self._seat is not None
        due = []
        while self._waiting and self._waiting[0][0] < self._quantum + quanta:
            _, number, command = heapq.heappop(self._waiting)
            self._commands[number] = command
            due.append(Due(number, command.quantum, command.event))
        made = await self._seat.make(quanta, due)
        self._quantum, self._linger, self._voices = made.quantum, made.linger, made.held
        self._metrics.audio.labels(self._engine.name).inc(quanta * QUANTUM_S)
        return [*map(self._told, made.happened), *self._audio(made.data)]

    def _told(self, happened: Happened) -> bytes:
        """Return the message of what happened, and keep the number of voices right."""
        frame = happened.quantum * self._opening.quantum_frames
        if happened.number is None:
            assert happened.voice is not None
            self._let_go(self._layers.pop(happened.voice, 0))
            return wire_perform.voice_ended(happened.voice, frame)
        command = self._commands.pop(happened.number)
        if happened.event is None:
            assert happened.problem is not None
            self._let_go(command.layers)
            self._metrics.commands.labels("refused").inc()
            return wire_perform.refused(command.id, InvalidAskError(*happened.problem))
        if command.layers and happened.event.voice is not None:
            self._let_go(self._layers.pop(happened.event.voice, 0))
            self._layers[happened.event.voice] = command.layers
        self._metrics.commands.labels("applied").inc()
        line = session_log.event_line(frame, happened.event) if self._opening.log else ""
        return wire_perform.applied(command, happened.event, frame, line)

    def _audio(self, data: bytes) -> list[bytes]:
        """Return the message of some frames, none if there are none."""
        if not data:
            return []
        message = wire_perform.audio(data, self._sent_frames)
        self._record.heard()
        self._sent_frames += len(data) // (self._opening.mastering.channels * SAMPLE_BYTES[self._opening.encoding])
        self._metrics.sent.labels(self._opening.encoding.name).inc(len(message))
        return [message]

    def _let_go(self, layers: int) -> None:
        self._held -= layers
        self._stage.release(layers, self.caller)

    def _opened(self) -> bytes:
        mastering = self._opening.mastering
        head = session_log.Head(
            self._engine.version, mastering.sample_rate, mastering.channels, mastering.ceiling_dbtp
        )
        return wire_perform.opened(
            self._opening,
            request_id=self._request_id,
            engine=self._engine.name,
            version=self._engine.version,
            licence=self._engine.licence,
            log_line=session_log.head_line(head) if self._opening.log else "",
        )

    async def _closed(self) -> list[bytes]:
        """Return the frames that are still due, and how it was."""
        assert self._seat is not None
        data, sha256 = await self._seat.finish()
        audio = self._audio(data)
        line = session_log.last_line(self._quantum * self._opening.quantum_frames) if self._opening.log else ""
        closed = wire_perform.closed(
            frames=self._sent_frames, sha256=sha256, underruns=self._pace.underruns, log_line=line
        )
        return [*audio, closed]
