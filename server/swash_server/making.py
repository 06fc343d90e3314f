"""How a sound comes onto its tape: admitted, made turn by turn among others or in a line, and remembered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from swash_model.engine import Engine, Watch
from swash_model.spec import DEFAULT_ENDLESS_S, Block
from swash_server.errors import OverloadedError, QualityError
from swash_server.line import Line, Place
from swash_server.metrics import Metrics
from swash_server.order import Order
from swash_server.recall import Recall, Replace
from swash_server.scheduler import Scheduler
from swash_server.tape import Facts, Progress, Tape
from swash_server.telemetry import NO_SPAN, SPAN
from swash_server.workshop import Job, Threads, Workshop

UNKNOWN_LENGTH_S = 20.0  # what admission reckons with for a one-shot
BYTES_A_SAMPLE = 8  # a float32, its int16 message, and room
RETRY_AFTER_S = 1.0

Result = TypeVar("Result")
Turns: TypeAlias = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""What does a piece of work when its turn has come."""

log = logging.getLogger(__name__)


class Making:
    """Makes the sounds that are not remembered. Lives on the event loop."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        recall: Recall,
        workers: int,
        max_recordings: int,
        recording_bytes: int,
        max_line: int,
    ) -> None:
        """Take the bounds; a `Recall` that knows what need not be made and keeps what was."""
        self._metrics = metrics
        self._recall = recall
        self._scheduler = Scheduler(workers)
        self._threads = Threads(workers)
        self._alone = Threads(1, nice=True)
        self._elsewhere: dict[str, Workshop] = {}
        self._line = Line(max_line)
        self._max_recordings = max_recordings
        self._recording_bytes = recording_bytes
        self._reserved: dict[Tape, int] = {}
        self._places: dict[Tape, Place] = {}
        self._rest_rtf: dict[str, float] = {}
        metrics.recording.set_function(lambda: len(self._reserved) + self._line.busy)
        metrics.recording_limit.set(max_recordings)
        metrics.recording_bytes.set_function(lambda: sum(self._reserved.values()))
        metrics.recording_limit_bytes.set(recording_bytes)
        metrics.waiting.set_function(lambda: self._line.waiting)
        metrics.waiting_limit.set(max_line)

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """Return the tapes that turns are taken for."""
        return tuple(self._reserved)

    async def warm_up(self, engine: Engine) -> None:
        """Warm up an engine where it will run."""
        await self._workshop(engine).warm_up(engine)

    def expected_s(self, tape: Tape) -> float:
        """Return the seconds until the first frames, as far as anybody can know; 0 where there is no line."""
        place = self._places.get(tape)
        return 0.0 if place is None or tape.pieces else place.expected_s()

    def rest_s(self, order: Order) -> float:
        """Return the seconds from the first frames to the last, by the sound that the engine made last."""
        frames = order.frames()
        audio_s = DEFAULT_ENDLESS_S if frames is None else frames / order.mastering.sample_rate
        return self._rest_rtf.get(order.engine.name, 0.0) * audio_s

    async def make(self, tape: Tape, order: Order, replaced: Replace, is_here: Callable[[Order], bool]) -> None:
        """Make the sound of an order onto its tape, and remember it; raise what went wrong.

        `replaced` lets the tape be of another seed where that of the order failed; `is_here` says what of the
        takes that follow need not be made along.
        """
        try:
            if not order.engine.exclusive:
                made = await self._in_turns(tape, order)
            else:
                made = await self._in_line(tape, order, replaced, is_here)
            if made is not None:
                await self._recall.keep(tape, *made)
                self._measure(order.engine.name, made[1], tape.sample_rate)
        finally:
            self._reserved.pop(tape, None)
            self._places.pop(tape, None)

    async def close(self) -> None:
        """End what makes."""
        for workshop in (self._threads, self._alone, *self._elsewhere.values()):
            await workshop.close()

    def _workshop(self, engine: Engine) -> Workshop:
        if (workshop := self._elsewhere.get(engine.name)) is not None:
            return workshop
        return self._alone if engine.exclusive else self._threads

    def _reserve(self, tape: Tape, order: Order) -> None:
        """Set the memory of a sound aside; raise OverloadedError when there is no room for it."""
        frames = order.frames() or round(UNKNOWN_LENGTH_S * order.mastering.sample_rate)
        needed = frames * order.mastering.channels * BYTES_A_SAMPLE
        # What is made behind takes no place from somebody who waits.
        others = sum(other.priority <= tape.priority for other in self._reserved)
        if others >= self._max_recordings:
            self._metrics.refused.labels("sounds").inc()
            raise OverloadedError(f"{others} sounds are being made already", RETRY_AFTER_S)
        if self._reserved and sum(self._reserved.values()) + needed > self._recording_bytes:
            self._metrics.refused.labels("memory").inc()
            raise OverloadedError("the sounds being made fill the memory for them", RETRY_AFTER_S)
        self._reserved[tape] = needed

    async def _in_turns(self, tape: Tape, order: Order) -> tuple[Block, Facts] | None:
        """Make a sound among others, the least advanced first."""
        self._reserve(tape, order)
        queued = SPAN.get().child("queue")
        job = self._workshop(order.engine).begin(order, self._watch(tape, order), queued)

        def turn(some: Callable[[], Awaitable[Result]]) -> Awaitable[Result]:
            ahead_s = 0.0 if tape.abandoned else job.made_s
            return self._scheduler.turn(some, ahead_s=ahead_s, priority=tape.priority)

        return await self._make(tape, job, turn)

    async def _in_line(
        self, tape: Tape, order: Order, replaced: Replace, is_here: Callable[[Order], bool]
    ) -> tuple[Block, Facts] | None:
        """Make a sound when those before it are made. Its bound is the length of the line."""
        with self._placed(tape, order) as place, SPAN.get().child("queue") as queued:
            await place.reached()
            if tape.abandoned:
                self._stopped(tape)
                return None
            queued.end()
            return await self._until_good(tape, order, place, replaced, is_here)

    @contextmanager
    def _placed(self, tape: Tape, order: Order) -> Iterator[Place]:
        """Give a tape a place in the line; raise OverloadedError when there is none."""
        steps = _steps(order)
        try:
            place = self._line.enter(
                order.engine.expected_s(order.spec), lambda ahead: tape.tell(Progress(ahead, 0, steps))
            )
        except OverloadedError:
            self._metrics.refused.labels("line").inc()
            raise
        with place:
            self._places[tape] = place
            tape.on_abandoned(place.give_up)
            yield place

    async def _until_good(
        self, tape: Tape, order: Order, place: Place, replaced: Replace, is_here: Callable[[Order], bool]
    ) -> tuple[Block, Facts] | None:
        """Make a sound in its place; what fails before anybody has heard of it is made again from another seed."""
        left: Order | None = self._recall.following(order, is_here)
        while left is not None:
            job = self._workshop(left.engine).begin(left, self._watch(tape, left), NO_SPAN)
            try:
                made = await self._make(tape, job, _at_once)
            except QualityError as error:
                await self._recall.failed(tape, error)
                if tape.pieces:
                    raise
                left = await self._recall.fill(tape, replaced(tape, left, error), replaced)
                place.begin_again()
                tape.tell(Progress(0, 0, _steps(order)))
                continue
            if made is not None and job.made_s:
                self._rest_rtf[order.engine.name] = job.rest_s / job.made_s
            return made
        return None

    async def _make(self, tape: Tape, job: Job, turn: Turns) -> tuple[Block, Facts] | None:
        """Render turn by turn, master, check and measure; stop when nobody listens any more, and return None.

        Raise QualityError when it is not fit to be heard.
        """
        finished = False
        try:
            while not tape.abandoned:
                block = await turn(job.turn)
                if block is None or tape.abandoned:  # of a sound that was stopped half-way, what came is wrong
                    break
                if len(block):
                    tape.append(block)
            if not tape.abandoned:
                sound, facts = await turn(lambda: job.whole(tape.pieces))
                finished = True
                return sound, facts
        except QualityError as error:
            if not tape.abandoned:
                self._metrics.quality_failures.labels(job.engine, error.reason).inc()
                log.error("%s: %s", job.engine, error)
                raise
        finally:
            if not finished:
                await turn(job.close)
        self._stopped(tape)
        return None

    def _stopped(self, tape: Tape) -> None:
        self._metrics.stopped.inc()
        tape.fail(OverloadedError("the sound was stopped", RETRY_AFTER_S))

    def _measure(self, engine: str, facts: Facts, sample_rate: int) -> None:
        audio_s = facts.frames / sample_rate
        self._metrics.render.labels(engine).observe(facts.render_s)
        self._metrics.audio.labels(engine).inc(audio_s)
        if audio_s:
            self._metrics.rtf.labels(engine).observe(facts.render_s / audio_s)

    def _watch(self, tape: Tape, order: Order) -> Watch:
        """Return what an engine tells, from its thread, of the sound of a tape."""
        name = order.engine.name
        loop = asyncio.get_running_loop()

        def progress(step: int, steps: int) -> None:
            self._metrics.steps.labels(name).inc()
            loop.call_soon_threadsafe(tape.tell, Progress(0, step, steps))

        def stage(stage: str, seconds: float) -> None:
            self._metrics.stages.labels(name, stage).observe(seconds)

        return Watch(stopped=lambda: tape.abandoned, progress=progress, stage=stage)


async def _at_once(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do a piece of work whose turn it is until the sound is made."""
    return await work()


def _steps(order: Order) -> int:
    return order.spec.neural.steps if order.spec.neural else 0
