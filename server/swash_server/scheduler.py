"""The CPU's turns: many sounds are made at once, each a little at a time, the least advanced first."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from swash_server.priority import Priority

Result = TypeVar("Result")


class Scheduler:
    """Lets so many pieces of work run at once, in the order of how much audio is already made.

    A sound that has made nothing yet goes before one that is seconds ahead of its listener, so first
    frames stay fast while long sounds are made.
    """

    def __init__(self, slots: int) -> None:
        """Let `slots` turns be taken at once, at least 1."""
        self._free = slots
        self._waiting: list[tuple[Priority, float, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    async def turn(
        self, work: Callable[[], Awaitable[Result]], *, ahead_s: float, priority: Priority = Priority.INTERACTIVE
    ) -> Result:
        """Do `work` when its turn comes; `ahead_s` is the audio its sound has made already."""
        await self._acquire(priority, ahead_s)
        running = asyncio.ensure_future(work())
        # The slot is free when the work has ended, not when the caller has stopped waiting for it.
        running.add_done_callback(self._release)
        return await asyncio.shield(running)

    async def _acquire(self, priority: Priority, ahead_s: float) -> None:
        if self._free > 0:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, ahead_s, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # the turn had come in the same moment: give it to the next
            raise

    def _release(self, ended: asyncio.Future[Result]) -> None:
        if not ended.cancelled():
            ended.exception()  # whoever waits has it; nobody waiting is no reason to warn
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
