"""The line before an engine: so many sounds are made at once, and of those that wait the most urgent is next."""

import asyncio
import itertools
import math
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from swash_server.errors import OverloadedError
from swash_server.making.priority import Ageing, Priority

MIN_RETRY_AFTER_S = 1.0
# The longest that waiting preloads see others go first before one of them does; bakes twice that. A neural sound
# takes seconds: one of them in half a minute is a price that whoever plays can pay.
LEVEL_S = 30.0
MAX_CALLERS = 1000  # of whom is known when a sound was begun; to forget them costs some of them a place
UNHURRIED_SHARE = 0.75  # of memory: the rest is for those who wait now


class Line:
    """The places of the sounds that want to be made. Lives on the event loop.

    Whoever comes is begun at once if there is room, and has it until the place is left. The others wait: the most
    urgent goes first, those of one priority as they came, but callers one after the other. Each priority has a
    queue of its own, so that none takes the places of another, and rises with time (`Ageing`).
    """

    def __init__(
        self,
        max_waiting: int,
        *,
        at_once: int = 1,
        apart: bool = False,
        max_bytes: float = math.inf,
        workers: int = 1,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let `max_waiting` sounds of each priority wait while `at_once` are made, in so many bytes.

        `apart`: what is less urgent takes no place from what is more. `workers` work at what was begun.
        """
        self._max_waiting = max_waiting
        self._at_once = at_once
        self._apart = apart
        self._max_bytes = max_bytes
        self._workers = min(workers, at_once)
        self._clock_s = clock_s
        self._ageing = Ageing(LEVEL_S)
        self._begun: list[Place] = []
        self._waiting: list[Place] = []  # as they came
        self._numbers = itertools.count(1)  # of arrivals and beginnings
        self._last_begun: dict[tuple[str, Priority], int] = {}  # of each caller

    @property
    def begun(self) -> int:
        """Return how many sounds are being made."""
        return len(self._begun)

    @property
    def nbytes(self) -> int:
        """Return the memory that is set aside for them."""
        return sum(place.nbytes for place in self._begun)

    def waiting(self, priority: Priority) -> int:
        """Return how many sounds wait with a priority."""
        return sum(place.priority is priority for place in self._waiting)

    def enter(
        self,
        expected_s: float,
        moved: Callable[[int], None] | None,
        *,
        work_s: float | None = None,
        priority: Priority = Priority.INTERACTIVE,
        caller: str = "",
        nbytes: int = 0,
    ) -> "Place":
        """Return a place for a sound; raise OverloadedError if there is none left for its priority.

        Its first audio is expected after `expected_s` of work, all of it after `work_s`, likewise unless given.
        `moved`, if anybody wants to know, is told how many are before it, now and whenever that changes; 0 once it
        is begun.
        """
        number = next(self._numbers)
        place = Place(self, number, expected_s, moved, work_s, priority, caller, nbytes, self._clock_s)
        self._waiting.append(place)
        self._begin()
        if not place.begun and self.waiting(priority) > self._max_waiting:
            self._waiting.remove(place)
            self._tell()
            raise OverloadedError(self._full(priority), self._retry_after_s(priority))
        self._tell()
        return place

    def expected_s(self, place: "Place") -> float:
        """Return the seconds until the sound of a place begins to come, as far as anybody can know."""
        if place.begun:
            return place.remaining_s()
        order = self._order()
        return self._wait_s(order, order.index(place)) + place.remaining_s()

    def widen(self, at_once: int) -> None:
        """Let so many sounds be made at once from now on, each worked at by itself; what is begun goes on."""
        if at_once != self._at_once:
            self._at_once = self._workers = at_once
            self.settle()

    def leave(self, place: "Place") -> None:
        """Let others go on."""
        if place.begun:
            self._begun.remove(place)
            self._ageing.begun(place.priority, self._clock_s())  # what took long has had its time
        else:
            self._waiting.remove(place)
        self.settle()

    def settle(self) -> None:
        """Begin what may be begun, and tell the others their places."""
        self._begin()
        self._tell()

    def _begin(self) -> None:
        wanted = {place.priority for place in self._waiting}
        blocked = max(Priority) + 1
        for place in self._order() if any(map(self._has_place, wanted)) else ():
            if place.priority >= blocked:
                continue  # else small sounds would for ever go before a large one
            if not self._has_place(place.priority) or not self._has_memory(place):
                blocked = place.priority  # and with it all that is less urgent
                if blocked == min(wanted):
                    break
                continue
            self._waiting.remove(place)
            self._begun.append(place)
            if len(self._last_begun) >= MAX_CALLERS:
                self._last_begun.clear()
            self._last_begun[place.caller, place.priority] = next(self._numbers)
            self._ageing.begun(place.priority, self._clock_s())
            place.begin()

    def _has_place(self, priority: Priority) -> bool:
        return sum(not self._apart or other.priority <= priority for other in self._begun) < self._at_once

    def _has_memory(self, place: "Place") -> bool:
        share = 1.0 if place.priority is Priority.INTERACTIVE else UNHURRIED_SHARE
        return not self._begun or self.nbytes + place.nbytes <= share * self._max_bytes

    def _order(self) -> "list[Place]":
        """Return those who wait, the next first."""
        now_s = self._clock_s()
        firsts: dict[Priority, float] = {}
        since: dict[tuple[str, Priority], int] = {}
        ranked: list[tuple[int, int, Place]] = []  # how many of its caller go before it, and since when that waits
        of_caller: Counter[tuple[str, Priority]] = Counter()
        for place in self._waiting:
            firsts.setdefault(place.priority, place.arrived_s)
            whose = place.caller, place.priority
            since.setdefault(whose, max(place.number, self._last_begun.get(whose, 0)))
            ranked.append((of_caller[whose], since[whose], place))
            of_caller[whose] += 1
        ranked.sort(key=lambda one: one[:2])
        keyed: list[tuple[int, bool, int, int, Place]] = []
        for number, (_, _, place) in enumerate(ranked):
            priority = place.priority
            level: int = priority
            if (first_s := firsts.pop(priority, None)) is not None:
                level = self._ageing.level(priority, first_s, now_s)
            keyed.append((level, level == priority, -priority, number, place))
        keyed.sort(key=lambda one: one[:4])
        return [place for *_, place in keyed]

    def _wait_s(self, order: "list[Place]", ahead: int) -> float:
        """Return the seconds until so many of those who wait are begun, and one more can be: at the least."""
        ends = sorted(place.left_s() for place in self._begun)
        ends += [place.left_s() for place in order[:ahead]]
        return sum(ends[: ahead + 1]) / self._workers

    def _full(self, priority: Priority) -> str:
        if not self._max_waiting:
            return f"{self.begun} sounds are being made already"
        return f"{self.waiting(priority)} {priority.name.lower()} sounds are waiting already"

    def _retry_after_s(self, priority: Priority) -> float:
        """Return when there should be a place again: when the first of those who wait with it is begun."""
        order = self._order()
        ahead = next((number for number, place in enumerate(order) if place.priority is priority), 0)
        return max(MIN_RETRY_AFTER_S, math.ceil(self._wait_s(order, ahead)))

    def _tell(self) -> None:
        for place in self._begun:
            place.move(0)
        if any(place.listens for place in self._waiting):
            for ahead, place in enumerate(self._order(), start=len(self._begun)):
                place.move(ahead)


class Place:
    """A sound's place in a Line, from its arrival until it is made; `with` leaves it."""

    def __init__(
        self,
        line: Line,
        number: int,
        expected_s: float,
        moved: Callable[[int], None] | None,
        work_s: float | None,
        priority: Priority,
        caller: str,
        nbytes: int,
        clock_s: Callable[[], float],
    ) -> None:
        self.number = number
        self.priority = priority
        self.caller = caller
        self.nbytes = nbytes
        self.arrived_s = clock_s()
        self._line = line
        self._expected_s = expected_s
        self._work_s = expected_s if work_s is None else work_s
        self._moved = moved
        self._clock_s = clock_s
        self._ahead: int | None = None
        self._began_s: float | None = None
        self._awaited = asyncio.Event()

    @property
    def listens(self) -> bool:
        """Return whether anybody wants to know how many are before it."""
        return self._moved is not None

    @property
    def begun(self) -> bool:
        """Return whether its sound may be made."""
        return self._began_s is not None

    @property
    def waited_s(self) -> float:
        """Return how long it has waited."""
        return (self._clock_s() if self._began_s is None else self._began_s) - self.arrived_s

    async def reached(self) -> None:
        """Wait until its sound may be made, or until the place is given up."""
        await self._awaited.wait()

    def give_up(self) -> None:
        """Wake whoever waits for the engine: nobody wants the sound any more."""
        self._awaited.set()

    def hurry(self, priority: Priority) -> None:
        """Take part of what is more urgent from now on; of what is less, do nothing."""
        if priority < self.priority:
            self.priority = priority
            self._line.settle()

    def expected_s(self) -> float:
        """Return the seconds until the sound begins to come, as far as anybody can know."""
        return self._line.expected_s(self)

    def remaining_s(self) -> float:
        """Return how long the work to its first audio should still take; 0 when that is overdue."""
        return max(0.0, self._expected_s - self._elapsed_s())

    def left_s(self) -> float:
        """Return how long all of its work should still take; 0 when that is overdue."""
        return max(0.0, self._work_s - self._elapsed_s())

    def begin(self) -> None:
        """Let its sound be made."""
        self._began_s = self._clock_s()
        self._awaited.set()

    def begin_again(self) -> None:
        """Reckon with all of its work once more: what was made so far is of no use."""
        self._began_s = self._clock_s()

    def move(self, ahead: int) -> None:
        """Take note of how many are before this one."""
        if ahead != self._ahead and self._moved is not None:
            self._ahead = ahead
            self._moved(ahead)

    def _elapsed_s(self) -> float:
        return 0.0 if self._began_s is None else self._clock_s() - self._began_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.leave(self)
