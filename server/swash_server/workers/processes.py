"""A workshop in processes of their own: what computes never holds up the event loop, and may die."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import numpy as np

from swash_model.engine import Engine, Watch
from swash_model.errors import SoundError
from swash_model.spec import Block
from swash_server.errors import NotReadyError, WorkerError
from swash_server.making.order import Order
from swash_server.making.tape import Facts
from swash_server.observability.telemetry import Span
from swash_server.workers.bench import Errand, Stand, digest
from swash_server.workers.spans import WorkSpans
from swash_server.workers.worker import PATIENCE_S, Worker, WorkerGoneError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # before another try, where one process after another dies at its start
ASK_STOPPED_S = 0.05  # between two looks at whether anybody still waits
TRIES = 2  # of one sound: what kills a second process would kill a third

log = logging.getLogger(__name__)

Spawn = Callable[[], Awaitable[Worker]]
"""Begins a worker that makes sounds, and returns it when it is ready; raises what keeps it from that."""


class Processes:
    """Some processes that make sounds with one engine, each begun anew when it dies.

    A process that dies costs nobody a sound: it is made again, from its beginning, by the next.
    """

    def __init__(
        self,
        engine: str,
        spawn: Spawn,
        count: int,
        *,
        patience_s: Callable[[Order], float] = lambda _order: PATIENCE_S,
        wait_s: float = PATIENCE_S,
        prepare: Callable[[], object] | None = None,
        on_news: Callable[[Any], None] = lambda _news: None,
        on_up: Callable[[bool], object] = lambda _up: None,
        on_restart: Callable[[], object] = lambda: None,
    ) -> None:
        """Begin nothing yet; `count` at least 1.

        `patience_s` is how long a sound may be worked at without a word, `wait_s` how long a new one waits while
        there is no process; `prepare` warms up what is left to this process. `on_news` hears what workers say of
        their engine, `on_up` whether there is any worker, `on_restart` that one is begun in the place of another.
        """
        self._engine = engine
        self._spawn = spawn
        self._count = count
        self.patience_s = patience_s
        self._wait_s = wait_s
        self._prepare = prepare
        self._on_news, self._on_up, self._on_restart = on_news, on_up, on_restart
        self._workers: list[Worker] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._pausing = 0  # of those that keep a process: how many have failed to begin one, and wait
        self.numbers = itertools.count(1)

    async def warm_up(self, engine: Engine) -> None:  # noqa: ARG002 - it is warm where it runs
        """Begin every process, and wait for the first; raise what keeps that from starting."""
        first = await self._begun()
        begun = [first, *[None] * (self._count - 1)]
        self._keepers = [asyncio.create_task(self._keep(worker)) for worker in begun]
        if self._prepare is not None:
            await asyncio.to_thread(self._prepare)

    def begin(self, order: Order, watch: Watch, queued: Span) -> "_ProcessJob":
        """Return the job of an order."""
        return _ProcessJob(order, watch, queued, self)

    async def hire(self, *, again: bool) -> Worker:
        """Return the worker that has least to do; raise NotReadyError if there is none and none comes in time.

        A sound that is made again waits for a process that is on its way, however long that takes.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait_s):
                while not self._alive() and self._keepers:
                    await self._change()
        while again and not self._alive() and self._pausing < len(self._keepers):
            await self._change()
        if not (alive := self._alive()):
            raise NotReadyError(f"the engine {self._engine!r} is being started again", FIRST_PAUSE_S)
        return min(alive, key=lambda worker: worker.busy)

    async def close(self) -> None:
        """End every process."""
        keepers, self._keepers = self._keepers, []
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for worker in self._workers:
            await worker.close()
        self._workers.clear()
        self._tell_change()

    async def _begun(self) -> Worker:
        worker = await self._spawn()
        worker.on_news = self._on_news
        if (told := worker.ready.result()) is not None:
            self._on_news(told)
        self._workers.append(worker)
        self._tell_change()
        return worker

    async def _keep(self, worker: Worker | None) -> None:
        """Have one process, and another whenever it ends."""
        pause_s = FIRST_PAUSE_S
        while True:
            if worker is None:
                try:
                    worker = await self._begun()
                except (NotReadyError, SoundError, OSError) as error:
                    log.error("engine %r: %s; the next try is in %g s", self._engine, error, pause_s)
                    self._pausing += 1
                    self._tell_change()
                    await asyncio.sleep(pause_s)
                    self._pausing -= 1
                    pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
                    continue
            pause_s = FIRST_PAUSE_S
            await worker.ended.wait()
            self._workers.remove(worker)
            self._tell_change()
            await worker.close()
            log.warning("engine %r: a process ended, another is begun", self._engine)
            self._on_restart()
            worker = None

    def _alive(self) -> list[Worker]:
        return [worker for worker in self._workers if not worker.gone]

    async def _change(self) -> None:
        await self._changed.wait()

    def _tell_change(self) -> None:
        self._on_up(bool(self._alive()))
        self._changed.set()
        self._changed = asyncio.Event()


class _ProcessJob:
    """One sound, made by a worker; if that dies, again by another, of which as much is dropped as was heard."""

    def __init__(self, order: Order, watch: Watch, queued: Span, processes: Processes) -> None:
        self._order = order
        self._watch = watch
        self._processes = processes
        self._spans = WorkSpans(order.engine.name, queued)
        self._staged = self._spans.staged(watch.stage)
        self._number = next(processes.numbers)
        self._patience_s = processes.patience_s(order)
        self._worker: Worker | None = None
        self._tries = 0
        self._told_stop = False
        self._stand = Stand(0, 0.0)
        self._given = 0  # frames that are on the tape
        self._passed = 0  # frames that this try has made: what is on the tape is dropped

    @property
    def engine(self) -> str:
        return self._order.engine.name

    @property
    def made_s(self) -> float:
        return self._stand.frames / self._order.mastering.sample_rate

    @property
    def rest_s(self) -> float:
        return self._stand.rest_s

    async def turn(self) -> Block | None:
        self._spans.begin()
        try:
            while True:
                try:
                    return await self._turn()
                except WorkerGoneError:
                    self._begin_again()
        except BaseException as error:
            self._spans.ended(self._given, error)
            raise

    async def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        self._spans.ended(self._given)
        with self._spans.measuring():
            facts, made = await self._measured()
        self._leave()
        nothing = np.zeros((0, self._order.mastering.channels), np.float32)
        sound = await asyncio.to_thread(np.concatenate, [nothing, *pieces])
        if self._tries > 1 and await asyncio.to_thread(digest, sound) != made:
            raise WorkerError("a sound that was made again is another")
        return sound, facts

    async def close(self) -> None:
        self._spans.ended(self._given)
        self._leave()

    async def _measured(self) -> tuple[Facts, bytes]:
        while True:
            try:
                if self._worker is None:  # the one that made it died after the last turn
                    while await self._turn() is not None:
                        pass
                measured: tuple[Facts, bytes] = await self._ask("whole")
            except WorkerGoneError:
                self._begin_again()
            else:
                return measured

    async def _turn(self) -> Block | None:
        errand = None
        if self._worker is None:
            worker = await self._processes.hire(again=self._tries > 0)
            self._tries += 1
            self._worker = worker
            worker.busy += 1
            worker.listen(self._number, self._hear)
            errand = Errand.of(self._order)
        worker = self._worker
        assert worker.slots is not None
        slot = await worker.places.get()
        lent = True
        try:
            shape, self._stand = await self._ask("turn", slot, errand)
            block = None if shape is None else worker.slots.take(slot, *shape)
        except asyncio.CancelledError:
            lent = False  # the asking was cut short: the worker still has the place
            raise
        finally:
            if lent:
                worker.places.put_nowait(slot)
        if block is None:
            return None
        known = min(len(block), self._given - self._passed)
        self._passed += len(block)
        block = block[known:]
        if len(block) and not self._given:
            self._spans.heard()
        self._given += len(block)
        return block

    async def _ask(self, verb: str, *arguments: Any) -> Any:
        """Return an answer; meanwhile tell the worker if nobody waits for the sound any more."""
        assert self._worker is not None
        asking = asyncio.ensure_future(
            self._worker.ask(self._number, verb, *arguments, patience_s=self._patience_s)
        )
        try:
            while not (await asyncio.wait({asking}, timeout=ASK_STOPPED_S))[0]:
                if not self._told_stop and self._watch.stopped():
                    self._told_stop = True
                    self._worker.tell(self._number, "stop")
        except asyncio.CancelledError:
            asking.cancel()
            raise
        return asking.result()

    def _hear(self, kind: str, what: Any) -> None:
        if kind == "progress":
            self._watch.progress(*what)
        elif kind == "stage":
            self._staged(*what)

    def _begin_again(self) -> None:
        """Let go of a worker that died; raise NotReadyError when that was the last try."""
        self._leave()
        if self._tries >= TRIES:
            log.error("engine %r: %d processes ended while they made one sound", self.engine, self._tries)
            raise NotReadyError(f"the processes of the engine {self.engine!r} end while they make this sound")
        self._passed, self._told_stop = 0, False
        self._spans.again()

    def _leave(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.busy -= 1
            worker.listen(self._number, None)
            worker.tell(self._number, "close")
