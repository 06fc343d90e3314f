"""From a Spec to a tape: remembered, being made for somebody else, or made now."""

import asyncio
import logging
import math
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from swash_model.engine import Engine
from swash_model.spec import Block
from swash_server.caches.pins import Pins
from swash_server.caches.recall import Recall
from swash_server.caches.store import Store
from swash_server.callers.quotas import Quotas
from swash_server.errors import QualityError
from swash_server.making.admission import Admission
from swash_server.making.making import Making
from swash_server.making.order import Order
from swash_server.making.priority import Priority
from swash_server.making.tape import Cached, Tape
from swash_server.making.workshop import Workshop
from swash_server.observability.metrics import Metrics

if TYPE_CHECKING:  # the package that it needs may not be there
    from swash_server.caches.shared import Shared

log = logging.getLogger(__name__)


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
        max_queue: int,
        shared: "Shared | None" = None,
        quotas: Quotas | None = None,
    ) -> None:
        """Take the bounds; without `store` or `shared` a process, or a machine, remembers for itself."""
        self._metrics = metrics
        self.workers = workers
        self._recall = Recall(metrics=metrics, memory_bytes=memory_bytes, store=store, shared=shared)
        self._admission = Admission(
            metrics=metrics,
            quotas=quotas or Quotas(),
            workers=workers,
            max_recordings=max_recordings,
            recording_bytes=recording_bytes,
            max_queue=max_queue,
            max_line=max_line,
        )
        self._making = Making(metrics=metrics, recall=self._recall, admission=self._admission, workers=workers)
        self.pins = Pins(store, self._recall.memory, max_bytes=max_pinned_bytes, max_tags=max_tags)
        self._max_behind = max_behind
        self._recordings: dict[str, Tape] = {}
        self._behind: set[Tape] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        metrics.behind.set_function(lambda: len(self._behind))
        metrics.behind_limit.set(max_behind)
        metrics.pinned_bytes.set_function(lambda: self.pins.bytes)
        metrics.pinned_limit_bytes.set(self.pins.max_bytes)
        metrics.pinned_takes.set_function(lambda: self.pins.takes)

    def place(self, engine: str, workshop: Workshop) -> None:
        """Have the sounds of an engine made elsewhere than on threads of this process."""
        self._making.place(engine, workshop)

    def widen(self, at_once: int) -> None:
        """Make so many sounds at once of those that take every core: another says how many machines there are."""
        self._admission.widen(at_once)

    async def warm_up(self, engine: Engine) -> None:
        """Warm up an engine where it will run."""
        await self._making.warm_up(engine)

    def join(
        self, order: Order, priority: Priority = Priority.INTERACTIVE, until_s: float = math.inf
    ) -> tuple[Tape, Cached]:
        """Return the tape of a sound, and where it seems to come from; once it has begun, `found` knows.

        The caller must leave the tape. It fails with OverloadedError when the sound would have to be made and
        there is no room, with TooLateError when its first frames cannot come by `until_s` of the loop's time, and
        with QualityError when what is made is not fit to be heard.
        """
        try:
            order = self._recall.good(order)
        except QualityError as error:
            return self._failed(order, error), Cached.NO
        key = order.key()
        if (tape := self._recall.memory.get(key)) is not None:
            cached = Cached.MEMORY
        elif (tape := self._recordings.get(key)) is not None and not tape.abandoned:
            cached = Cached.JOINED
            tape.until_s = max(tape.until_s, until_s)
            self._admission.hurry(tape, priority)
        else:
            cached = Cached.NO
            tape = self._begin(key, order, priority, until_s)
        tape.join()
        return tape, cached

    def plays(self, tape: Tape) -> bool:
        """Return whether memory holds this finished tape, and count it as just played."""
        return self._recall.memory.get(tape.key) is tape

    def found(self, tape: Tape, cached: Cached) -> Cached:
        """Return where the sound of a tape that has begun came from, and count it."""
        if tape.recalled is not None and cached is Cached.NO:
            cached = tape.recalled
        self._metrics.lookups.labels(cached.value).inc()
        return cached

    def expected_s(self, tape: Tape) -> float:
        """Return the seconds until the first frames, as far as anybody can know; 0 where there is no line."""
        return self._admission.expected_s(tape)

    def rest_s(self, order: Order) -> float:
        """Return the seconds from the first frames to the last, by the sound that the engine made last."""
        return self._making.rest_s(order)

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
        return await self._recall.sound(key)

    async def forget(self, tier: Cached) -> tuple[int, int]:
        """Forget what memory or the store remembers and no tag holds; return how many sounds, and their bytes."""
        return await self._recall.forget(tier)

    def counts(self) -> dict[str, int]:
        """Return how many sounds each tier of this server holds."""
        return self._recall.counts()

    def leave(self, tape: Tape) -> None:
        """Stop playing a tape; weigh it again if it is remembered, for encodings may have been added."""
        tape.leave()
        if not tape.recording and self._recall.memory.get(tape.key) is tape:
            self._recall.memory.put(tape)

    async def close(self) -> None:
        """Stop every recording and wait until its last turn has ended."""
        for tape in (*self._admission.tapes, *self._recordings.values(), *self._behind):
            tape.abandon()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._making.close()
        await self._recall.close()

    def _failed(self, order: Order, error: QualityError) -> Tape:
        """Return a tape of what need not be made to know that it fails."""
        tape = Tape(order.key(), order.mastering.sample_rate, None)
        tape.join()
        tape.fail(error)
        return tape

    def _begin(self, key: str, order: Order, priority: Priority, until_s: float) -> Tape:
        tape = Tape(key, order.mastering.sample_rate, order.frames())
        tape.seed = order.spec.seed
        tape.priority, tape.until_s = priority, until_s
        self._recordings[key] = tape
        self._start(self._record(tape, order))
        return tape

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, tape: Tape, order: Order) -> None:
        try:
            if (left := await self._recall.fill(tape, order, self._replaced)) is not None:
                # Only now: what the store remembers takes no room among the sounds that are made.
                await self._making.make(tape, left, self._replaced, self._is_here)
        except Exception as error:  # noqa: BLE001 - where a recording ends: whoever plays it is told
            tape.fail(error)
        finally:
            self._recall.settle(tape)
            for key in [key for key, recording in self._recordings.items() if recording is tape]:
                del self._recordings[key]

    def _replaced(self, tape: Tape, order: Order, error: QualityError) -> Order:
        """Let a tape, of which nothing has been heard, be of another seed; raise the error if enough were tried.

        Whoever waits for it waits on, and whoever asks for either seed joins them.
        """
        order = order.instead(error)
        tape.key, tape.seed = order.key(), order.spec.seed
        self._recordings.setdefault(tape.key, tape)
        return order

    def _is_here(self, order: Order) -> bool:
        key = order.key()
        return self._recall.memory.get(key) is not None or key in self._recordings

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
