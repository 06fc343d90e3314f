"""The line before an engine of which one sound takes every core: first come, first served."""

import asyncio
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from swash_server.errors import OverloadedError

MIN_RETRY_AFTER_S = 1.0


class Line:
    """The places of the sounds that want the engine. Lives on the event loop.

    The first place has it until it is left: a sound is made wholly before the next one begins.
    """

    def __init__(self, max_waiting: int) -> None:
        """Let so many sounds wait for the one that is made."""
        self._max_waiting = max_waiting
        self._places: list[Place] = []

    @property
    def waiting(self) -> int:
        """Return how many sounds wait for the one that is made."""
        return max(0, len(self._places) - 1)

    @property
    def busy(self) -> bool:
        """Return whether a sound is being made."""
        return bool(self._places)

    def enter(self, expected_s: float, moved: Callable[[int], None]) -> "Place":
        """Return a place at the end for a sound of so many seconds' work; raise OverloadedError if none is left.

        `moved` is told how many are before it, now and whenever that changes.
        """
        if len(self._places) > self._max_waiting:
            # The sound that is made ends first, and then there is room for one more.
            retry_after_s = max(MIN_RETRY_AFTER_S, math.ceil(self._places[0].remaining_s()))
            raise OverloadedError(f"{self.waiting} neural sounds are waiting already", retry_after_s)
        place = Place(self, expected_s, moved)
        self._places.append(place)
        self._tell()
        return place

    def expected_s(self, place: "Place") -> float:
        """Return the seconds until the sound of a place begins to come, as far as anybody can know."""
        before = self._places[: self._places.index(place) + 1]
        return sum(each.remaining_s() for each in before)

    def leave(self, place: "Place") -> None:
        """Let those behind move up."""
        self._places.remove(place)
        self._tell()

    def _tell(self) -> None:
        for ahead, place in enumerate(self._places):
            place.move(ahead)


class Place:
    """A sound's place in a Line, from its arrival until it is made; `with` leaves it."""

    def __init__(self, line: Line, expected_s: float, moved: Callable[[int], None]) -> None:
        self._line = line
        self._expected_s = expected_s
        self._moved = moved
        self._ahead: int | None = None
        self._began_s: float | None = None
        self._awaited = asyncio.Event()

    async def reached(self) -> None:
        """Wait for the engine, or until the place is given up."""
        await self._awaited.wait()

    def give_up(self) -> None:
        """Wake whoever waits for the engine: nobody wants the sound any more."""
        self._awaited.set()

    def expected_s(self) -> float:
        """Return the seconds until the sound begins to come, as far as anybody can know."""
        return self._line.expected_s(self)

    def remaining_s(self) -> float:
        """Return how long its own making should still take; 0 when that is overdue."""
        elapsed_s = 0.0 if self._began_s is None else time.monotonic() - self._began_s
        return max(0.0, self._expected_s - elapsed_s)

    def begin_again(self) -> None:
        """Reckon with all of its work once more: what was made so far is of no use."""
        self._began_s = time.monotonic()

    def move(self, ahead: int) -> None:
        """Take note of how many are before this one."""
        if ahead == self._ahead:
            return
        self._ahead = ahead
        if ahead == 0:
            self._began_s = time.monotonic()
            self._awaited.set()
        self._moved(ahead)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.leave(self)
