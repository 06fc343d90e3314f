"""How a sound comes onto its tape: admitted, made turn by turn among others or alone, and remembered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from swash_model.engine import Engine, Watch
from swash_model.spec import DEFAULT_ENDLESS_S, Block
from swash_server.caches.recall import Recall, Replace
from swash_server.callers.identity import IDENTITY
from swash_server.errors import OverloadedError, QualityError
from swash_server.making.admission import Admission
from swash_server.making.line import Place
from swash_server.making.order import Order
from swash_server.making.scheduler import Scheduler
from swash_server.making.tape import Facts, Progress, Tape
from swash_server.making.workshop import Job, Threads, Workshop
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import NO_SPAN, SPAN, Span

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
        admission: Admission,
        workers: int,
    ) -> None:
        """Make on so many threads what is admitted; a `Recall` knows what need not be made and keeps what was."""
        self._metrics = metrics
        self._recall = recall
        self._scheduler = Scheduler(workers)
        self._threads = Threads(workers)
        self._alone = Threads(1, nice=True)
        self._elsewhere: dict[str, Workshop] = {}
        self._admission = admission
        self._rest_rtf: dict[str, float] = {}

    def place(self, engine: str, workshop: Workshop) -> None:
        """Have the sounds of an engine made elsewhere than on threads of this process."""
        self._elsewhere[engine] = workshop

    async def warm_up(self, engine: Engine) -> None:
        """Warm up an engine where it will run."""
        await self._workshop(engine).warm_up(engine)

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
        with self._admission.placed(tape, order) as place, SPAN.get().child("queue") as queued:
            await self._admission.reached(tape, place)
            if tape.abandoned:
                self._stopped(tape)
                return
            if order.engine.exclusive:
                queued.end()
                made = await self._until_good(tape, order, place, replaced, is_here)
            else:
                made = await self._in_turns(tape, order, queued)
            if made is not None:
                await self._recall.keep(tape, *made)
                self._measure(order.engine.name, made[1], tape.sample_rate)

    async def close(self) -> None:
        """End what makes."""
        for workshop in (self._threads, self._alone, *self._elsewhere.values()):
            await workshop.close()

    def _workshop(self, engine: Engine) -> Workshop:
        if (workshop := self._elsewhere.get(engine.name)) is not None:
            return workshop
        return self._alone if engine.exclusive else self._threads

    async def _in_turns(self, tape: Tape, order: Order, queued: Span) -> tuple[Block, Facts] | None:
        """Make a sound among others, the least advanced first; `queued` ends with its first turn."""
        job = self._workshop(order.engine).begin(order, self._watch(tape, order), queued)
        caller = IDENTITY.get().name

        def turn(some: Callable[[], Awaitable[Result]]) -> Awaitable[Result]:
            ahead_s = 0.0 if tape.abandoned else job.made_s
            return self._scheduler.turn(some, ahead_s=ahead_s, priority=lambda: tape.priority, caller=caller)

        made = await self._make(tape, job, turn)
        if made is not None:
            self._admission.learn(order, made[1], job.rest_s)
        return made

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
