"""From a Spec to a tape: remembered, being made for somebody else, or made now."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES
from swash_model.engine import Engine, Watch
from swash_model.spec import DEFAULT_ENDLESS_S, Block, Spec
from swash_server.errors import OverloadedError
from swash_server.line import Line, Place
from swash_server.mastering import Mastering, master, measure
from swash_server.metrics import Metrics
from swash_server.scheduler import Scheduler
from swash_server.store import Store, Stored
from swash_server.tape import PIECE_FRAMES, Facts, MemoryTier, Progress, Tape

FIRST_TURN_FRAMES = 960  # 20 ms at 48 kHz: two quanta, and the first frames are out
TURN_FRAMES = PIECE_FRAMES - QUANTUM_FRAMES  # one message a turn; some 10 ms of work
UNKNOWN_LENGTH_S = 20.0  # what admission reckons with for a one-shot
BYTES_A_SAMPLE = 8  # a float32, its int16 message, and room
RETRY_AFTER_S = 1.0

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

    `together` are the Specs of the takes that follow, and no part of the key.
    """

    engine: Engine
    spec: Spec
    mastering: Mastering
    together: tuple[Spec, ...] = ()

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
    ) -> None:
        """Take the bounds; `store` None remembers nothing beyond this process."""
        self._metrics = metrics
        self._scheduler = Scheduler(workers)
        self._line = Line(max_line)
        self._memory = MemoryTier(memory_bytes)
        self._store = store
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
        metrics.waiting.set_function(lambda: self._line.waiting)
        metrics.behind.set_function(lambda: len(self._behind))
        metrics.cache_bytes.labels("memory").set_function(lambda: self._memory.nbytes)
        if store is not None:
            metrics.cache_bytes.labels("store").set_function(lambda: store.bytes)

    async def warm_up(self, engine: Engine) -> None:
        """Warm up an engine on the thread that it will run on, or on one like it."""
        if engine.exclusive:
            await self._line.run(engine.warm_up)
        else:
            await asyncio.to_thread(engine.warm_up)

    def join(self, order: Order) -> tuple[Tape, Cached]:
        """Return the tape of a sound, and where it seems to come from; once it has begun, `found` knows.

        The caller must leave the tape. It fails with OverloadedError when the sound would have to be made and
        there is no room.
        """
        key = order.key()
        if (tape := self._memory.get(key)) is not None:
            cached = Cached.MEMORY
        elif (tape := self._recordings.get(key)) is not None and not tape.abandoned:
            cached = Cached.JOINED
        else:
            cached = Cached.NO
            tape = self._begin(key, order)
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

    async def remembered(self, key: str) -> tuple[Block, int] | None:
        """Return a finished sound, shape (frames, channels), and its sample rate; None when it is not here."""
        if (tape := self._memory.get(key)) is not None:
            return await asyncio.to_thread(np.concatenate, tape.pieces), tape.sample_rate
        stored = None if self._store is None else await asyncio.to_thread(self._store.get, key)
        return None if stored is None else (stored.sound, stored.sample_rate)

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

    def _begin(self, key: str, order: Order) -> Tape:
        tape = Tape(key, order.mastering.sample_rate, order.frames())
        self._recordings[key] = tape
        self._start(self._record(tape, order))
        return tape

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _room_for(self, order: Order) -> int:
        """Return the bytes that this sound will take; raise OverloadedError when there is no room for them."""
        frames = order.frames() or round(UNKNOWN_LENGTH_S * order.mastering.sample_rate)
        needed = frames * order.mastering.channels * BYTES_A_SAMPLE
        if len(self._reserved) >= self._max_recordings:
            self._metrics.refused.labels("sounds").inc()
            raise OverloadedError(f"{len(self._reserved)} sounds are being made already", RETRY_AFTER_S)
        if self._reserved and sum(self._reserved.values()) + needed > self._recording_bytes:
            self._metrics.refused.labels("memory").inc()
            raise OverloadedError("the sounds being made fill the memory for them", RETRY_AFTER_S)
        return needed

    async def _record(self, tape: Tape, order: Order) -> None:
        try:
            if not await self._recall(tape):
                # Only now: what the store remembers takes no room among the sounds that are made.
                make = self._make_in_line if order.engine.exclusive else self._make_in_turns
                if (made := await make(tape, order)) is not None:
                    await self._remember(tape, order, *made)
        except Exception as error:  # noqa: BLE001 - where a recording ends: whoever plays it is told
            tape.fail(error)
        finally:
            self._reserved.pop(tape, None)
            self._places.pop(tape, None)
            if self._recordings.get(tape.key) is tape:
                del self._recordings[tape.key]

    async def _recall(self, tape: Tape) -> bool:
        """Fill the tape from the store; return whether it was there."""
        if self._store is None:
            return False
        stored = await asyncio.to_thread(self._store.get, tape.key)
        if stored is None:
            return False
        try:
            facts = Facts(**stored.meta["facts"])
        except (KeyError, TypeError):  # written by a swash that knew other facts: as good as not there
            return False
        tape.from_store = True
        tape.append(stored.sound)
        tape.finish(facts)
        self._memory.put(tape)
        return True

    async def _make_in_turns(self, tape: Tape, order: Order) -> tuple[Block, Facts] | None:
        """Make a sound among others, the least advanced first."""
        self._reserved[tape] = self._room_for(order)
        work = _Work(order, self._watch(tape, order))

        def turn(some: Callable[[], Any]) -> Awaitable[Any]:
            return self._scheduler.turn(some, ahead_s=0.0 if tape.abandoned else work.made_s)

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
        with place:
            self._places[tape] = place
            tape.on_abandoned(place.give_up)
            await place.reached()
            if tape.abandoned:
                self._stopped(tape)
                return None
            ahead = tuple(spec for spec in order.together if not self._is_here(replace(order, spec=spec)))
            work = _Work(replace(order, together=ahead), self._watch(tape, order))
            made = await self._make(tape, work, place.run)
        if made is not None and work.made_s:
            self._rest_rtf[order.engine.name] = work.rest_s / work.made_s
        return made

    def _is_here(self, order: Order) -> bool:
        key = order.key()
        return self._memory.get(key) is not None or key in self._recordings

    async def _make(self, tape: Tape, work: "_Work", turn: Turns) -> tuple[Block, Facts] | None:
        """Render turn by turn, master and measure; stop when nobody listens any more, and return None."""
        while not tape.abandoned:
            block = await turn(work.turn)
            if block is None or tape.abandoned:  # of a sound that was stopped half-way, what came is wrong
                break
            tape.append(block)
        if tape.abandoned:
            await turn(work.close)
            self._stopped(tape)
            return None
        sound, facts = await turn(partial(work.whole, tape.pieces))
        return sound, facts

    def _stopped(self, tape: Tape) -> None:
        self._metrics.stopped.inc()
        tape.fail(OverloadedError("the sound was stopped", RETRY_AFTER_S))

    async def _remember(self, tape: Tape, order: Order, sound: Block, facts: Facts) -> None:
        if self._store is not None:
            # Before the end is told: a sound that somebody has heard to its end survives a kill.
            stored = Stored(sound, tape.sample_rate, {"facts": asdict(facts)})
            await asyncio.to_thread(self._store.put, tape.key, stored)
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

    def __init__(self, order: Order, watch: Watch) -> None:
        self._sample_rate = order.mastering.sample_rate
        self._frames = 0
        # Where one sound has every core its threads compute, and this one waits for them.
        self._clock_s = time.perf_counter if order.engine.exclusive else time.thread_time
        self._compute_s = self._first_s = 0.0
        self._blocks: Iterator[Block] = master(
            order.engine.render(order.spec, watch, order.together),
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

    def turn(self) -> Block | None:
        """Return some more of the sound, or None at its end."""
        began_s = self._clock_s()
        wanted = TURN_FRAMES if self._frames else FIRST_TURN_FRAMES
        blocks: list[Block] = []
        while sum(map(len, blocks)) < wanted and (block := next(self._blocks, None)) is not None:
            blocks.append(block)
        self._compute_s += self._clock_s() - began_s
        if not self._frames:
            self._first_s = self._compute_s
        if not blocks:
            return None
        turn = np.concatenate(blocks)
        self._frames += len(turn)
        return turn

    def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        """Return a finished sound in one, and what is measured of it."""
        sound = np.concatenate(pieces)
        measured = measure(sound, self._sample_rate)
        return sound, Facts(measured.frames, measured.loudness_lufs, measured.true_peak_dbtp, self._compute_s)

    def close(self) -> None:
        """Let the engine clean up."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()
