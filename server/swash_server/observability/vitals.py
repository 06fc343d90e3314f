"""How a server is: how late its event loop wakes up and what runs in it, and how much room its disk has."""

import asyncio
import math
import shutil
import time
from contextlib import suppress
from pathlib import Path

from swash_server.observability.metrics import Metrics

LAG_EVERY_S = 0.25
DISK_S = 1.0  # a disk on a network may not answer at all, and whoever asks for metrics waits for it

Room = tuple[float, float]
UNKNOWN: Room = (math.nan, math.nan)


class Vitals:
    """Watches the event loop that it was started in, and looks at the disk whenever metrics are read."""

    def __init__(self, metrics: Metrics, folder: Path | None) -> None:
        """Tell these metrics; `folder` is the store's, None where there is none."""
        self._metrics = metrics
        self._folder = folder
        self._watching: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[Room] | None = None
        self._note(UNKNOWN)

    def start(self) -> None:
        """Begin to watch the event loop."""
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Watch no longer; a disk that does not answer is not waited for."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def look(self) -> None:
        """Count tasks and note the room on the disk, within DISK_S; of several who ask at once, one looks."""
        self._metrics.tasks.set(len(asyncio.all_tasks()))
        if self._folder is None:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(_room, self._folder))
        done, _ = await asyncio.wait({self._looking}, timeout=DISK_S)
        self._note(self._looking.result() if done else UNKNOWN)

    def _note(self, room: Room) -> None:
        free_bytes, size_bytes = room
        self._metrics.disk_free_bytes.set(free_bytes)
        self._metrics.disk_bytes.set(size_bytes)

    async def _watch(self) -> None:
        while True:
            # Not the loop's own clock: uvloop's stands still while a step runs, and counts in milliseconds.
            due_s = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._metrics.loop_lag.observe(max(0.0, time.perf_counter() - due_s))


def _room(folder: Path) -> Room:
    """Return the bytes that are free on the disk of a folder, and its size; NaN when it cannot be asked."""
    with suppress(OSError):
        usage = shutil.disk_usage(folder)
        return float(usage.free), float(usage.total)
    return UNKNOWN
