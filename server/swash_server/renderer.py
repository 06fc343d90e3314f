"""From a Spec to a tape: remembered, being made for somebody else, or made now."""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES
from swash_model.engine import Engine, Watch
from swash_model.spec import DEFAULT_ENDLESS_S, Block, Spec
from swash_server.errors import OverloadedError, QualityError
from swash_server.line import Line, Place
from swash_server.mastering import Mastering, master, measure
from swash_server.metrics import Metrics
from swash_server.pins import Pins
from swash_server.quality import MAX_TRIES, admitted, check_finite, check_whole, next_seed
from swash_server.scheduler import Scheduler
from swash_server.store import Store, Stored
from swash_server.tape import PIECE_FRAMES, Facts, MemoryTier, Progress, Tape
from swash_server.telemetry import NO_SPAN, SPAN, Span
from swash_server.verdicts import Verdicts

FIRST_TURN_FRAMES = 960  # 20 ms at 48 kHz: two quanta, and the first frames are out
TURN_BLOCKS = 64  # of a sound that is needed whole before its first frame, 0.64 s: then others have a turn
TURN_FRAMES = PIECE_FRAMES - QUANTUM_FRAMES  # one message a turn; some 10 ms of work
UNKNOWN_LENGTH_S = 20.0  # what admission reckons with for a one-shot
BYTES_A_SAMPLE = 8  # a float32, its int16 message, and room
RETRY_AFTER_S = 1.0
BEHIND_S = 1e6  # further ahead of its listener than any sound is long: every other one has its turn first

Turns: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
"""What runs a piece of work on a thread when its turn has come."""

log = logging.getLogger(__name__)


class Cached(Enum):
    """Where a sound came from."""

    NO = "no"
    JOINED = "joined"
    MEMORY = "memory"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Order:
    """One sound to be made: everything that its samples depend on.

    `together` are the Specs of the takes that follow, and `tries` counts the seeds from the one that was asked
    for: no part of the key.
    """

    engine: Engine
    spec: Spec
    mastering: Mastering
    together: tuple[Spec, ...] = ()
    tries: int = 1

    def key(self) -> str:
        """Return 64 hex digits that are equal exactly when the samples are."""
        parts = (
            self.engine.name.encode(),
            self.engine.version_of(self.spec).encode(),
            self.spec.canonical(),
            self.mastering.canonical(),
        )
        sized = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hashlib.blake2b(sized, digest_size=32).hexdigest()

    def frames(self) -> int | None:
        """Return the length at the mastered rate, if it is known before the sound is made."""
        return self.engine.frames(self.spec, self.mastering.sample_rate)

    def instead(self, error: QualityError) -> "Order":
        """Return what is made instead of this, which failed: the same from another seed, or raise why it failed.

        Made by rule, the same request always fails; and of the neural engine's seeds some are enough.
        """
        if self.spec.neural is None or self.tries >= MAX_TRIES:
            raise error
        return replace(self, spec=replace(self.spec, seed=next_seed(self.spec.seed)), tries=self.tries + 1)


class Renderer:
    """Owns every tape of an App: equal orders meet here, so that ten cost one render."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        workers: int,
        memory_bytes: int,
        store: Store | None,
        max_recordings: int,
        recording_bytes: int,
        max_line: int,
        max_behind: int,
        max_pinned_bytes: int,
        max_tags: int,
    ) -> None:
        """Take the bounds; `store` None remembers nothing beyond this process."""
        self._metrics = metrics
        self.workers = workers
        self._scheduler = Scheduler(workers)
        self._line = Line(max_line)
        self._memory = MemoryTier(memory_bytes)
        self._store = store
        self._verdicts = Verdicts(store)
        self.pins = Pins(store, self._memory, max_bytes=max_pinned_bytes, max_tags=max_tags)
        self._max_recordings = max_recordings
        self._recording_bytes = recording_bytes
        self._max_behind = max_behind
        self._recordings: dict[str, Tape] = {}
        self._reserved: dict[Tape, int] = {}
        self._places: dict[Tape, Place] = {}
        self._behind: set[Tape] = set()
        self._rest_rtf: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        metrics.recording.set_function(lambda: len(self._reserved) + self._line.busy)
        metrics.recording_limit.set(max_recordings)
        metrics.recording_bytes.set_function(lambda: sum(self._reserved.values()))
        metrics.recording_limit_bytes.set(recording_bytes)
        metrics.waiting.set_function(lambda: self._line.waiting)
        metrics.waiting_limit.set(max_line)
        metrics.behind.set_function(lambda: len(self._behind))
        metrics.behind_limit.set(max_behind)
        metrics.pinned_bytes.set_function(lambda: self.pins.bytes)
        metrics.pinned_limit_bytes.set(self.pins.max_bytes)
        metrics.pinned_takes.set_function(lambda: self.pins.takes)
        metrics.cache_bytes.labels("memory").set_function(lambda: self._memory.nbytes)
        metrics.cache_limit_bytes.labels("memory").set(memory_bytes)
        if store is not None:
            metrics.cache_bytes.labels("store").set_function(lambda: store.bytes)
            metrics.cache_limit_bytes.labels("store").set(store.max_bytes)

    async def warm_up(self, engine: Engine) -> None:
        """Warm up an engine on the thread that it will run on, or on one like it."""
        if engine.exclusive:
            await self._line.run(engine.warm_up)
        else:
            await asyncio.to_thread(engine.warm_up)

    def join(self, order: Order, *, behind: bool = False) -> tuple[Tape, Cached]:
        """Return the tape of a sound, and where it seems to come from; once it has begun, `found` knows.

        The caller must leave the tape. It fails with OverloadedError when the sound would have to be made and
        there is no room, and with QualityError when what is made is not fit to be heard. `behind` makes it only
        while no sound wants the threads for which somebody waits.
        """
        try:
            order = self._good(order)
        except QualityError as error:
            return self._failed(order, error), Cached.NO
        key = order.key()
        if (tape := self._memory.get(key)) is not None:
            cached = Cached.MEMORY
        elif (tape := self._recordings.get(key)) is not None and not tape.abandoned:
            cached = Cached.JOINED
        else:
            cached = Cached.NO
            tape = self._begin(key, order)
            tape.behind = behind
        tape.behind &= behind
        tape.join()
        return tape, cached

    def found(self, tape: Tape, cached: Cached) -> Cached:
        """Return where the sound of a tape that has begun came from, and count it."""
        if tape.from_store and cached is Cached.NO:
            cached = Cached.STORE
        self._metrics.lookups.labels(cached.value).inc()
        return cached

    def expected_s(self, tape: Tape) -> float:
        """Return the seconds until the first frames, as far as anybody can know; 0 where there is no line."""
        place = self._places.get(tape)
        return 0.0 if place is None or tape.pieces else place.expected_s()

    def rest_s(self, order: Order) -> float:
        """Return the seconds from the first frames to the last, by the sound that the engine made last."""
        frames = order.frames()
        audio_s = DEFAULT_ENDLESS_S if frames is None else frames / order.mastering.sample_rate
        return self._rest_rtf.get(order.engine.name, 0.0) * audio_s

    def keep(self, tape: Tape) -> None:
        """Play a tape to its end behind, so that it is made though its callers leave; not if too many are."""
        if not tape.recording or tape in self._behind:
            return
        if len(self._behind) >= self._max_behind:
            self._metrics.behind_ended.labels("skipped").inc()
            return
        tape.join()
        self._behind.add(tape)
        self._start(self._play_out(tape))

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for but the end of this renderer."""
        self._start(work)

    async def remembered(self, key: str) -> tuple[Block, int] | None:
        """Return a finished sound, shape (frames, channels), and its sample rate; None when it is not here."""
        if (tape := self._memory.get(key)) is not None:
            return await asyncio.to_thread(np.concatenate, tape.pieces), tape.sample_rate
        stored = None if self._store is None else await asyncio.to_thread(self._store.get, key)
        if stored is None or self._verdicts.read(key, stored) is not None:
            return None
        return stored.sound, stored.sample_rate

    def leave(self, tape: Tape) -> None:
        """Stop playing a tape; weigh it again if it is remembered, for encodings may have been added."""
        tape.leave()
        if not tape.recording and self._memory.get(tape.key) is tape:
            self._memory.put(tape)

    async def close(self) -> None:
        """Stop every recording and wait until its last turn has ended."""
        for tape in (*self._reserved, *self._recordings.values(), *self._behind):
            tape.abandon()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._scheduler.close)
        await asyncio.to_thread(self._line.close)
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    def _good(self, order: Order) -> Order:
        """Return what is made for an order: itself, or what replaces it; raise QualityError if all that failed."""
        if order.spec.neural is not None:
            while (error := self._verdicts.get(order.key())) is not None:
                order = order.instead(error)
        return order

    def _failed(self, order: Order, error: QualityError) -> Tape:
        """Return a tape of what need not be made to know that it fails."""
        tape = Tape(order.key(), order.mastering.sample_rate, None)
        tape.join()
        tape.fail(error)
        return tape

    def _begin(self, key: str, order: Order) -> Tape:
        tape = Tape(key, order.mastering.sample_rate, order.frames())
        tape.seed = order.spec.seed
        self._recordings[key] = tape
        self._start(self._record(tape, order))
        return tape

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _room_for(self, order: Order, *, behind: bool) -> int:
        """Return the bytes that this sound will take; raise OverloadedError when there is no room for them."""
        frames = order.frames() or round(UNKNOWN_LENGTH_S * order.mastering.sample_rate)
        needed = frames * order.mastering.channels * BYTES_A_SAMPLE
        # What is made behind takes no place from somebody who waits.
        others = sum(behind or not tape.behind for tape in self._reserved)
        if others >= self._max_recordings:
            self._metrics.refused.labels("sounds").inc()
            raise OverloadedError(f"{others} sounds are being made already", RETRY_AFTER_S)
        if self._reserved and sum(self._reserved.values()) + needed > self._recording_bytes:
            self._metrics.refused.labels("memory").inc()
            raise OverloadedError("the sounds being made fill the memory for them", RETRY_AFTER_S)
        return needed

    async def _record(self, tape: Tape, order: Order) -> None:
        try:
            if (left := await self._recall(tape, order)) is not None:
                # Only now: what the store remembers takes no room among the sounds that are made.
                make = self._make_in_line if order.engine.exclusive else self._make_in_turns
                if (made := await make(tape, left)) is not None:
                    await self._remember(tape, order, *made)
        except Exception as error:  # noqa: BLE001 - where a recording ends: whoever plays it is told
            tape.fail(error)
        finally:
            self._reserved.pop(tape, None)
            self._places.pop(tape, None)
            for key in [key for key, recording in self._recordings.items() if recording is tape]:
                del self._recordings[key]

    async def _recall(self, tape: Tape, order: Order) -> Order | None:
        """Fill the tape from the store and return None; or return what is left to be made.

        That is the order, or what replaces it where the store knows that its sound failed; raise QualityError if
        enough seeds did.
        """
        while self._store is not None:
            with SPAN.get().child("lookup", tier="store") as lookup:
                stored = await asyncio.to_thread(self._store.get, tape.key)
                lookup.tell(found=stored is not None)
            if stored is None:
                break
            if (error := self._verdicts.read(tape.key, stored)) is not None:
                order = self._replaced(tape, order, error)
                continue
            try:
                facts = Facts(**stored.meta["facts"])
            except (KeyError, TypeError):  # written by a swash that knew other facts: as good as not there
                break
            tape.from_store = True
            tape.append(stored.sound)
            tape.finish(facts)
            self._memory.put(tape)
            return None
        return order

    def _replaced(self, tape: Tape, order: Order, error: QualityError) -> Order:
        """Let a tape, of which nothing has been heard, be of another seed; raise the error if enough were tried.

        Whoever waits for it waits on, and whoever asks for either seed joins them.
        """
        order = order.instead(error)
        tape.key, tape.seed = order.key(), order.spec.seed
        self._recordings.setdefault(tape.key, tape)
        return order

    async def _make_in_turns(self, tape: Tape, order: Order) -> tuple[Block, Facts] | None:
        """Make a sound among others, the least advanced first."""
        self._reserved[tape] = self._room_for(order, behind=tape.behind)
        work = _Work(order, self._watch(tape, order), SPAN.get().child("queue"))

        def turn(some: Callable[[], Any]) -> Awaitable[Any]:
            made_s = work.made_s + (BEHIND_S if tape.behind else 0.0)
            return self._scheduler.turn(some, ahead_s=0.0 if tape.abandoned else made_s)

        with work:
            return await self._make(tape, work, turn)

    async def _make_in_line(self, tape: Tape, order: Order) -> tuple[Block, Facts] | None:
        """Make a sound when those before it are made. Its bound is the length of the line."""
        steps = order.spec.neural.steps if order.spec.neural else 0

        def moved(ahead: int) -> None:
            tape.tell(Progress(ahead, 0, steps))

        try:
            place = self._line.enter(order.engine.expected_s(order.spec), moved)
        except OverloadedError:
            self._metrics.refused.labels("line").inc()
            raise
        with place, SPAN.get().child("queue") as queued:
            self._places[tape] = place
            tape.on_abandoned(place.give_up)
            await place.reached()
            if tape.abandoned:
                self._stopped(tape)
                return None
            queued.end()
            return await self._make_until_good(tape, order, place)

    async def _make_until_good(self, tape: Tape, order: Order, place: Place) -> tuple[Block, Facts] | None:
        """Make a sound in its place; what fails before anybody has heard of it is made again from another seed."""
        left: Order | None = replace(order, together=self._ahead(order))
        while left is not None:
            work = _Work(left, self._watch(tape, left), NO_SPAN)
            try:
                with work:
                    made = await self._make(tape, work, place.run)
            except QualityError as error:
                await self._verdicts.put(tape.key, tape.sample_rate, error)
                if tape.pieces:
                    raise
                left = await self._recall(tape, self._replaced(tape, left, error))
                place.begin_again()
                tape.tell(Progress(0, 0, order.spec.neural.steps if order.spec.neural else 0))
                continue
            if made is not None and work.made_s:
                self._rest_rtf[order.engine.name] = work.rest_s / work.made_s
            return made
        return None

    def _ahead(self, order: Order) -> tuple[Spec, ...]:
        """Return the Specs of the takes that follow and are not here, as they will be made."""
        ahead = []
        for spec in order.together:
            with contextlib.suppress(QualityError):
                follows = self._good(replace(order, spec=spec, tries=1))
                if not self._is_here(follows):
                    ahead.append(follows.spec)
        return tuple(ahead)

    def _is_here(self, order: Order) -> bool:
        key = order.key()
        return self._memory.get(key) is not None or key in self._recordings

    async def _make(self, tape: Tape, work: "_Work", turn: Turns) -> tuple[Block, Facts] | None:
        """Render turn by turn, master, check and measure; stop when nobody listens any more, and return None.

        Raise QualityError when it is not fit to be heard.
        """
        try:
            while not tape.abandoned:
                block = await turn(work.turn)
                if block is None or tape.abandoned:  # of a sound that was stopped half-way, what came is wrong
                    break
                if len(block):
                    tape.append(block)
            if not tape.abandoned:
                sound, facts = await turn(partial(work.whole, tape.pieces))
                return sound, facts
        except QualityError as error:
            if not tape.abandoned:
                self._metrics.quality_failures.labels(work.engine, error.reason).inc()
                log.error("%s: %s", work.engine, error)
                await turn(work.close)
                raise
        await turn(work.close)
        self._stopped(tape)
        return None

    def _stopped(self, tape: Tape) -> None:
        self._metrics.stopped.inc()
        tape.fail(OverloadedError("the sound was stopped", RETRY_AFTER_S))

    async def _remember(self, tape: Tape, order: Order, sound: Block, facts: Facts) -> None:
        if self._store is not None:
            # Before the end is told: a sound that somebody has heard to its end survives a kill.
            stored = Stored(sound, tape.sample_rate, {"facts": asdict(facts)})
            with SPAN.get().child("store") as span:
                if not await asyncio.to_thread(self._store.put, tape.key, stored):
                    self._metrics.unwritten.inc()
                    span.tell(unwritten=True)
        tape.finish(facts)
        self._memory.put(tape)
        engine, audio_s = order.engine.name, facts.frames / tape.sample_rate
        self._metrics.render.labels(engine).observe(facts.render_s)
        self._metrics.audio.labels(engine).inc(audio_s)
        if audio_s:
            self._metrics.rtf.labels(engine).observe(facts.render_s / audio_s)

    async def _play_out(self, tape: Tape) -> None:
        outcome = "made"
        try:
            await tape.finished()
        except Exception as error:  # where the work ends: nobody else is told
            outcome = "stopped" if tape.abandoned else "failed"
            if not tape.abandoned:
                log.error("sound %s, made behind, failed", tape.key, exc_info=error)
        finally:
            self._behind.discard(tape)
            self.leave(tape)
            self._metrics.behind_ended.labels(outcome).inc()

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


class _Work:
    """The making of one sound, a turn at a time, each on whatever thread is free."""

    def __init__(self, order: Order, watch: Watch, queued: Span) -> None:
        """Prepare it; `queued` is the span of its waiting, which ends with the first turn."""
        self.engine = order.engine.name
        self._queued = queued
        self._above = SPAN.get()  # on the thread there is no call
        self._span = NO_SPAN
        self._begun = False
        watch = replace(watch, stage=partial(self._passed, watch.stage))
        self._order, self._key = order, order.key()
        self._sample_rate = order.mastering.sample_rate
        self._frames = 0
        # Where one sound has every core its threads compute, and this one waits for them.
        self._clock_s = time.perf_counter if order.engine.exclusive else time.thread_time
        self._compute_s = self._first_s = 0.0
        blocks = order.engine.render(order.spec, watch, order.together)
        if order.spec.neural is not None:
            blocks = admitted(blocks, order.engine.sample_rate, self._key, loop=order.spec.loop)
        self._blocks: Iterator[Block] = master(
            blocks,
            source_rate=order.engine.sample_rate,
            frames=order.frames(),
            mastering=order.mastering,
            loop=order.spec.loop,
        )

    @property
    def made_s(self) -> float:
        """Return the seconds of audio made so far."""
        return self._frames / self._sample_rate

    @property
    def rest_s(self) -> float:
        """Return the compute seconds since the first frames."""
        return self._compute_s - self._first_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End its spans."""
        self._queued.end()
        self._ended(error)

    def turn(self) -> Block | None:
        """Return some more of the sound, nothing of one that is needed whole first, or None at its end."""
        if not self._begun:
            self._begun = True
            self._queued.end()
            self._span = self._above.child("render", engine=self.engine)
        began_s = self._clock_s()
        wanted = TURN_FRAMES if self._frames else FIRST_TURN_FRAMES
        blocks: list[Block] = []
        while sum(map(len, blocks)) < wanted and len(blocks) < TURN_BLOCKS:
            if (block := next(self._blocks, None)) is None:
                break
            blocks.append(block)
        self._compute_s += self._clock_s() - began_s
        if not self._frames:
            self._first_s = self._compute_s
        if not blocks:
            return None
        turn = np.concatenate(blocks)
        check_finite(turn, self._key)  # at once: what is no number may be any noise at the other end
        if len(turn) and not self._frames:
            self._span.event("first_block")
        self._frames += len(turn)
        return turn

    def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        """Return a finished sound in one, and what is measured of it; raise QualityError if it is not fit."""
        spec, frames = self._order.spec, self._order.frames()
        self._ended(None)
        with self._above.child("measure"):
            sound = np.concatenate([np.zeros((0, self._order.mastering.channels), np.float32), *pieces])
            check_whole(sound, self._sample_rate, spec=spec, frames=frames, key=self._key)
            measured = measure(sound, self._sample_rate)
        return sound, Facts(measured.frames, measured.loudness_lufs, measured.true_peak_dbtp, self._compute_s)

    def _passed(self, told: Callable[[str, float], None], stage: str, seconds: float) -> None:
        told(stage, seconds)
        self._span.past(stage, seconds)

    def _ended(self, error: BaseException | None) -> None:
        self._span.tell(frames=self._frames)
        self._span.end(error)

    def close(self) -> None:
        """Let the engine clean up."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()
