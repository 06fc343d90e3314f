"""Where sounds are made: on threads of this process, or wherever else a Workshop puts them."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeVar

from swash_model.engine import Engine, Watch
from swash_model.spec import Block
from swash_server.making.order import Order
from swash_server.making.tape import Facts
from swash_server.making.work import Work
from swash_server.observability.telemetry import Span
from swash_server.workers.spans import WorkSpans

NICENESS = 10  # so that the event loop, and with it whatever is remembered, stays quick

Result = TypeVar("Result")


class Job(Protocol):
    """The making of one sound, a turn at a time. Lives on the event loop; the work is done elsewhere."""

    @property
    def engine(self) -> str:
        """Return the name of the engine that makes it."""
        ...

    @property
    def made_s(self) -> float:
        """Return the seconds of audio made so far."""
        ...

    @property
    def rest_s(self) -> float:
        """Return the compute seconds since the first frames."""
        ...

    async def turn(self) -> Block | None:
        """Return some more of the sound, nothing of one that is needed whole first, or None at its end."""
        ...

    async def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        """Return a finished sound in one, and what is measured of it; raise QualityError if it is not fit."""
        ...

    async def close(self) -> None:
        """Let the engine clean up a sound that is not finished; again does nothing."""
        ...


class Workshop(Protocol):
    """Makes sounds; `begin` starts one, whose turns are taken when its caller says."""

    async def warm_up(self, engine: Engine) -> None:
        """Have an engine load and compile all that a first call would wait for."""
        ...

    def begin(self, order: Order, watch: Watch, queued: Span) -> Job:
        """Return the job of an order; `queued` is the span of its waiting, which ends with the first turn."""
        ...

    async def close(self) -> None:
        """Let running turns end and start no more."""
        ...


class Threads:
    """A workshop in this process: as many turns at once as there are threads."""

    def __init__(self, count: int, *, nice: bool = False) -> None:
        """Start with so many threads, at least 1; `nice` ones let every other go first."""
        self._pool = ThreadPoolExecutor(
            count, thread_name_prefix="swash-engine", initializer=_step_back if nice else None
        )

    async def warm_up(self, engine: Engine) -> None:
        """Warm up on a thread like those that will run it."""
        await self.run(engine.warm_up)

    def begin(self, order: Order, watch: Watch, queued: Span) -> "_ThreadJob":
        """Return the job of an order."""
        return _ThreadJob(order, watch, queued, self)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run some work on a thread; it ends there even if nobody waits any more."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self) -> None:
        """Wait until every thread is done."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)


class _ThreadJob:
    """A Work whose turns run on whatever thread is free."""

    def __init__(self, order: Order, watch: Watch, queued: Span, threads: Threads) -> None:
        self._spans = WorkSpans(order.engine.name, queued)
        self._work = Work(order, replace(watch, stage=self._spans.staged(watch.stage)))
        self._threads = threads

    @property
    def engine(self) -> str:
        return self._work.engine

    @property
    def made_s(self) -> float:
        return self._work.made_s

    @property
    def rest_s(self) -> float:
        return self._work.rest_s

    async def turn(self) -> Block | None:
        self._spans.begin()
        nothing_yet = not self._work.frames
        try:
            block = await self._threads.run(self._work.turn)
        except BaseException as error:
            self._spans.ended(self._work.frames, error)
            raise
        if nothing_yet and self._work.frames:
            self._spans.heard()
        return block

    async def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        self._spans.ended(self._work.frames)
        with self._spans.measuring():
            return await self._threads.run(lambda: self._work.whole(pieces))

    async def close(self) -> None:
        self._spans.ended(self._work.frames)
        await self._threads.run(self._work.close)


def _step_back() -> None:
    """Let other threads go first; the threads that this one starts (torch's) inherit it. Linux alone can."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)  # an operator may have made the whole server nice already
        os.setpriority(os.PRIO_PROCESS, thread, min(now + NICENESS, 19))
