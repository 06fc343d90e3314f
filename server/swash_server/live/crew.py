"""The worker processes of live voices: begun with the first session, ended with the server."""

import asyncio
import itertools
from collections.abc import Callable, Sequence

from swash_server.formats.encode import Encoding
from swash_server.live.maker import Due, Made
from swash_server.making.mastering import Mastering
from swash_server.workers.nursery import Nursery
from swash_server.workers.worker import Worker, WorkerGoneError


class Crew:
    """Some worker processes. One that dies ends its own sessions; the next session finds another in its place."""

    def __init__(self, workers: int, nursery: Nursery, *, on_restart: Callable[[], object]) -> None:
        """Begin nothing yet; `workers` at least 1. `on_restart` hears when one replaces another that died."""
        self._count = workers
        self._nursery = nursery
        self._on_restart = on_restart
        self._workers: list[Worker] = []
        self._starting = asyncio.Lock()
        self._sessions = itertools.count()

    async def seat(self, mastering: Mastering, encoding: Encoding) -> "Seat":
        """Open a session with the worker that has fewest; begin those that are not there."""
        try:
            return await self._seated(mastering, encoding)
        except WorkerGoneError:  # it had died, and nobody had noticed
            return await self._seated(mastering, encoding)

    async def close(self) -> None:
        """End every worker."""
        for worker in self._workers:
            await worker.close()
        self._workers = []

    async def _seated(self, mastering: Mastering, encoding: Encoding) -> "Seat":
        async with self._starting:
            await self._fill()
        worker = min(self._workers, key=lambda each: each.busy)
        seat = Seat(worker, next(self._sessions))
        worker.busy += 1
        try:
            await worker.ask(seat.number, "open", mastering, encoding)
        except BaseException:
            seat.leave()
            raise
        return seat

    async def _fill(self) -> None:
        """Have as many workers as there should be, each of them alive."""
        for worker in [each for each in self._workers if each.gone]:
            self._workers.remove(worker)
            await worker.close()
            self._on_restart()
        while len(self._workers) < self._count:
            self._workers.append(await self._nursery.live())


class Seat:
    """A session's place with a worker; one request at a time."""

    def __init__(self, worker: Worker, number: int) -> None:
        self.number = number
        self._worker = worker
        self._left = False

    async def make(self, quanta: int, due: Sequence[Due]) -> Made:
        """Have some quanta made; raise WorkerGoneError when the worker is gone."""
        made: Made = await self._worker.ask(self.number, "make", quanta, tuple(due))
        return made

    async def finish(self) -> tuple[bytes, bytes]:
        """Return the PCM that is still due, and the digest of all of it."""
        finished: tuple[bytes, bytes] = await self._worker.ask(self.number, "finish")
        return finished

    def leave(self) -> None:
        """Let the session go; again does nothing."""
        if not self._left:
            self._left = True
            self._worker.busy -= 1
            self._worker.tell(self.number, "drop")
