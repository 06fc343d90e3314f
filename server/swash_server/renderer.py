"""From a Spec to a tape: remembered, being made for somebody else, or made now."""

import asyncio
import hashlib
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from functools import partial

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES
from swash_model.engine import Engine
from swash_model.spec import Block, Spec
from swash_server.errors import OverloadedError
from swash_server.mastering import Mastering, master, measure
from swash_server.metrics import Metrics
from swash_server.scheduler import Scheduler
from swash_server.store import Store, Stored
from swash_server.tape import PIECE_FRAMES, Facts, MemoryTier, Tape

FIRST_TURN_FRAMES = 960  # 20 ms at 48 kHz: two quanta, and the first frames are out
TURN_FRAMES = PIECE_FRAMES - QUANTUM_FRAMES  # one message a turn; some 10 ms of work
UNKNOWN_LENGTH_S = 20.0  # what admission reckons with for a one-shot
BYTES_A_SAMPLE = 8  # a float32, its int16 message, and room
RETRY_AFTER_S = 1.0


class Cached(Enum):
    """Where a sound came from."""

    NO = "no"
    JOINED = "joined"
    MEMORY = "memory"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Order:
    """One sound to be made: everything that its samples depend on."""

    engine: Engine
    spec: Spec
    mastering: Mastering

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
    ) -> None:
        """Take the bounds; `store` None remembers nothing beyond this process."""
        self._metrics = metrics
        self._scheduler = Scheduler(workers)
        self._memory = MemoryTier(memory_bytes)
        self._store = store
        self._max_recordings = max_recordings
        self._recording_bytes = recording_bytes
        self._recordings: dict[str, Tape] = {}
        self._reserved: dict[Tape, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        metrics.recording.set_function(lambda: len(self._reserved))
        metrics.cache_bytes.labels("memory").set_function(lambda: self._memory.nbytes)
        if store is not None:
            metrics.cache_bytes.labels("store").set_function(lambda: store.bytes)

    async def open(self, order: Order) -> tuple[Tape, Cached]:
        """Return a tape whose first frames are there, and where it came from.

        The caller has joined the tape and must leave it. Raises OverloadedError when the sound would
        have to be made and there is no room.
        """
        key = order.key()
        if (tape := self._memory.get(key)) is not None:
            cached = Cached.MEMORY
            tape.join()
        elif (tape := self._recordings.get(key)) is not None and not tape.abandoned:
            cached = Cached.JOINED
            tape.join()
        else:
            cached = Cached.NO
            tape = self._begin(key, order)
        try:
            await tape.begun()
        except BaseException:
            tape.leave()
            raise
        if tape.from_store and cached is Cached.NO:
            cached = Cached.STORE
        self._metrics.lookups.labels(cached.value).inc()
        return tape, cached

    def leave(self, tape: Tape) -> None:
        """Stop playing a tape; weigh it again if it is remembered, for encodings may have been added."""
        tape.leave()
        if not tape.recording and self._memory.get(tape.key) is tape:
            self._memory.put(tape)

    async def close(self) -> None:
        """Stop every recording and wait until its last turn has ended."""
        for tape in (*self._reserved, *self._recordings.values()):
            tape.abandoned = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._scheduler.close)
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    def _begin(self, key: str, order: Order) -> Tape:
        tape = Tape(key, order.mastering.sample_rate, order.frames())
        tape.join()
        self._recordings[key] = tape
        task = asyncio.create_task(self._record(tape, order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return tape

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
                self._reserved[tape] = self._room_for(order)
                await self._make(tape, order)
        except Exception as error:  # noqa: BLE001 - where a recording ends: whoever plays it is told
            tape.fail(error)
        finally:
            self._reserved.pop(tape, None)
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

    async def _make(self, tape: Tape, order: Order) -> None:
        """Render turn by turn, master, and remember; stop between turns when nobody listens any more."""
        work = _Work(order)
        while not tape.abandoned:
            block = await self._scheduler.turn(work.turn, ahead_s=work.made_s)
            if block is None:
                break
            tape.append(block)
        if tape.abandoned:
            self._metrics.stopped.inc()
            await self._scheduler.turn(work.close, ahead_s=0.0)
            tape.fail(OverloadedError("the sound was stopped", RETRY_AFTER_S))
            return
        sound, facts = await self._scheduler.turn(partial(work.whole, tape.pieces), ahead_s=work.made_s)
        if self._store is not None:
            # Before the end is told: a sound that somebody has heard to its end survives a kill.
            stored = Stored(sound, tape.sample_rate, {"facts": asdict(facts)})
            await asyncio.to_thread(self._store.put, tape.key, stored)
        tape.finish(facts)
        self._memory.put(tape)
        self._metrics.render.labels(order.engine.name).observe(facts.render_s)
        self._metrics.audio.labels(order.engine.name).inc(facts.frames / tape.sample_rate)


class _Work:
    """The making of one sound, a turn at a time, each on whatever thread is free."""

    def __init__(self, order: Order) -> None:
        self._sample_rate = order.mastering.sample_rate
        self._frames = 0
        self._compute_s = 0.0
        self._blocks: Iterator[Block] = master(
            order.engine.render(order.spec),
            source_rate=order.engine.sample_rate,
            frames=order.frames(),
            mastering=order.mastering,
            loop=order.spec.loop,
        )

    @property
    def made_s(self) -> float:
        """Return the seconds of audio made so far."""
        return self._frames / self._sample_rate

    def turn(self) -> Block | None:
        """Return some more of the sound, or None at its end."""
        began_s = time.thread_time()
        wanted = TURN_FRAMES if self._frames else FIRST_TURN_FRAMES
        blocks: list[Block] = []
        while sum(map(len, blocks)) < wanted and (block := next(self._blocks, None)) is not None:
            blocks.append(block)
        self._compute_s += time.thread_time() - began_s
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
