"""Time limits for all that one call waits for, with a single timer: a stream writes a thousand times."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


class Watchdog:
    """Ends a wait that takes too long. For one task, and one wait at a time.

    `asyncio.timeout` would set and cancel a timer for each: some five microseconds, several times a call.
    """

    def __init__(self) -> None:
        """Belong to the task that runs now."""
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._until_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._bit = False

    async def within(self, seconds: float, what: Awaitable[Result]) -> Result:
        """Return what is waited for; raise TimeoutError when it does not come in time."""
        self._until_s = until_s = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > until_s:
            self._set(until_s)
        try:
            return await what
        except asyncio.CancelledError:
            if self._bit and self._task.uncancel() == 0:  # by nobody else
                raise TimeoutError from None
            raise
        finally:
            self._until_s = None

    def close(self) -> None:
        """Let the timer go."""
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, when_s: float) -> None:
        self.close()
        self._timer = self._loop.call_at(when_s, self._look)

    def _look(self) -> None:
        """Do nothing if the wait is over, look again later if it is another one, or end it."""
        self._timer = None
        if self._until_s is None:
            return
        if self._until_s > self._loop.time():
            self._set(self._until_s)
            return
        self._bit = True
        self._task.cancel()
