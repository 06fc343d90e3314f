"""The CPU's turns: many sounds are made at once, each a little at a time, the least advanced first."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from swash_server.making.priority import Ageing, Priority

# A turn is some 10 ms of one thread. While others want every turn, what is preloaded gets four in a second, what
# is baked two: 6 % of a thread, which nobody who waits notices.
TURN_LEVEL_S = 0.25
AMPLE_S = 2.0  # of audio made: whoever plays it is not in need
MAX_CALLERS = 1000  # whose last turn is known; to forget them costs some of them a turn

Result = TypeVar("Result")


def interactive() -> Priority:
    """Return the priority of whoever does not say."""
    return Priority.INTERACTIVE


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    priority: Callable[[], Priority]
    ample: bool
    caller: str
    ahead_s: float
    arrival: int
    since_s: float
    turn: asyncio.Future[None]


class Scheduler:
    """Lets so many pieces of work run at once. Lives on the event loop.

    The most urgent priority goes first, and those that wait rise (`Ageing`). Of one priority, a sound that has
    made less than 2 s goes before one that is further ahead of its listener, so first frames stay fast while long
    sounds are made; then callers take turns, so fifty sounds of one do not hold up the single one of another; and
    of one caller's sounds the least advanced goes first.
    """

    def __init__(self, slots: int, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Let `slots` turns be taken at once, at least 1; `clock_s` is monotonic time."""
        self._free = slots
        self._clock_s = clock_s
        self._ageing = Ageing(TURN_LEVEL_S)
        self._waiting: list[_Waiting] = []
        self._arrivals = itertools.count()
        self._turns = itertools.count(1)
        self._last_turn: dict[str, int] = {}

    async def turn(
        self,
        work: Callable[[], Awaitable[Result]],
        *,
        ahead_s: float,
        priority: Callable[[], Priority] = interactive,
        caller: str = "",
    ) -> Result:
        """Do `work` when its turn comes; `ahead_s` is the audio its sound has made already.

        `priority` is asked whenever a turn is given: it may change meanwhile.
        """
        await self._acquire(priority, ahead_s, caller)
        running = asyncio.ensure_future(work())
        # The slot is free when the work has ended, not when the caller has stopped waiting for it.
        running.add_done_callback(self._release)
        return await asyncio.shield(running)

    async def _acquire(self, priority: Callable[[], Priority], ahead_s: float, caller: str) -> None:
        if self._free > 0:
            self._free -= 1
            self._taken(priority(), caller)
            return
        turn = asyncio.get_running_loop().create_future()
        arrival, since_s = next(self._arrivals), self._clock_s()
        waiting = _Waiting(priority, ahead_s >= AMPLE_S, caller, ahead_s, arrival, since_s, turn)
        self._waiting.append(waiting)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # the turn had come in the same moment: give it to the next
            else:
                self._waiting.remove(waiting)
            raise

    def _release(self, ended: asyncio.Future[Result]) -> None:
        if not ended.cancelled():
            ended.exception()  # whoever waits has it; nobody waiting is no reason to warn
        self._pass_on()

    def _pass_on(self) -> None:
        by_priority: dict[Priority, list[_Waiting]] = {}
        for waiting in self._waiting:
            if not waiting.turn.done():
                by_priority.setdefault(waiting.priority(), []).append(waiting)
        if not by_priority:
            self._free += 1
            return
        first_s = {priority: some[0].since_s for priority, some in by_priority.items()}
        priority = self._ageing.next(first_s, self._clock_s())
        chosen = min(by_priority[priority], key=self._rank)
        self._waiting.remove(chosen)
        self._taken(priority, chosen.caller)
        chosen.turn.set_result(None)

    def _rank(self, waiting: _Waiting) -> tuple[bool, int, float, int]:
        last_turn = self._last_turn.get(waiting.caller, 0)
        return waiting.ample, last_turn, waiting.ahead_s, waiting.arrival

    def _taken(self, priority: Priority, caller: str) -> None:
        self._ageing.begun(priority, self._clock_s())
        if len(self._last_turn) >= MAX_CALLERS:
            self._last_turn.clear()
        self._last_turn[caller] = next(self._turns)
