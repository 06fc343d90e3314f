"""A process that works for this one, as the event loop sees it."""

import asyncio
import logging
import os
import pickle
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from swash_server.errors import NotReadyError
from swash_server.workers.pipe import LENGTH, READY, pack
from swash_server.workers.slots import SLOTS, Slots

PATIENCE_S = 10.0  # a turn takes some 10 ms: who says nothing for so long hangs

STOP_S = 5.0  # a process that hangs does not see the end of its socket

log = logging.getLogger(__name__)

Heard = Callable[[str, Any], None]


class WorkerGoneError(NotReadyError):
    """A worker process ended with what it was doing."""


class Worker:
    """One process, at the other end of a socket: asked in numbers, one request a number at a time.

    One that is asked and says nothing for longer than whoever asks is patient is killed.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        pid: int,
        what: str,
        slots: Slots | None,
        process: subprocess.Popen[bytes] | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._what = what
        self._asked: dict[int, tuple[asyncio.Future[Any], float]] = {}
        self._heard: dict[int, Heard] = {}
        self._late: asyncio.TimerHandle | None = None
        self._process = process
        self.pid = pid
        self.slots = slots
        self.places: asyncio.LifoQueue[int] = asyncio.LifoQueue()  # the last one back is still in the CPU's cache
        for slot in reversed(range(SLOTS)):
            self.places.put_nowait(slot)
        self.ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.busy = 0  # sounds or sessions that it has
        self.on_news: Callable[[Any], None] = lambda _news: None
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def connected(
        cls,
        ours: socket.socket,
        *,
        pid: int,
        what: str,
        memory: int | None = None,
        process: subprocess.Popen[bytes] | None = None,
    ) -> "Worker":
        """Return the worker at the other end.

        `what` names it in errors, `memory` is shared with it; a `process` of our own is waited for when it ends.
        """
        slots = None if memory is None else Slots(memory)
        return cls(*await asyncio.open_connection(sock=ours), pid=pid, what=what, slots=slots, process=process)

    @property
    def gone(self) -> bool:
        """Return whether the process has ended."""
        return self.ended.is_set()

    async def ask(self, number: int, verb: str, *arguments: Any, patience_s: float = PATIENCE_S) -> Any:
        """Return the answer to a request; raise what it failed with, WorkerGoneError when the process is gone."""
        if self.gone:
            raise self._failure()
        answer = asyncio.get_running_loop().create_future()
        self._asked[number] = answer, patience_s
        self._wait_anew()
        self.tell(number, verb, *arguments)
        return await answer

    def tell(self, number: int, verb: str, *arguments: Any) -> None:
        """Send what is not answered."""
        if not self.gone:
            self._writer.write(pack((number, verb, arguments)))

    def listen(self, number: int, heard: Heard | None) -> None:
        """Have whatever is told of a number told here, or no more."""
        if heard is None:
            self._heard.pop(number, None)
        else:
            self._heard[number] = heard

    def kill(self) -> None:
        """End the process, whatever it does. While its socket is open it has not been waited for."""
        if not self.gone:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Let the process end, which the end of its socket tells it."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        if self._process is not None:
            try:
                await asyncio.to_thread(self._process.wait, STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)

    async def _listen(self) -> None:
        try:
            while True:
                (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
                number, kind, what = pickle.loads(await self._reader.readexactly(size))
                self._take(number, kind, what)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._end()

    def _take(self, number: int, kind: str, what: Any) -> None:
        self._wait_anew()
        if kind in {"answer", "failure"}:
            asked, _ = self._asked.pop(number, (None, 0.0))
            self._wait_anew()
            if asked is None or asked.done():
                return  # whoever asked has left
            if kind == "answer":
                asked.set_result(what)
            else:
                asked.set_exception(what.error())
        elif kind == READY:
            self.ready.set_result(what)
        elif kind == "lost":
            self.ready.set_exception(what.error())
        elif kind == "news":
            self.on_news(what)
        elif (heard := self._heard.get(number)) is not None:
            heard(kind, what)

    def _wait_anew(self) -> None:
        """Wait for the next word from now on, if any is due."""
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if self._asked:
            patience_s = max(patience_s for _, patience_s in self._asked.values())
            self._late = asyncio.get_running_loop().call_later(patience_s, self._give_up, patience_s)

    def _give_up(self, patience_s: float) -> None:
        log.error("the process %d of %s says nothing for %g s: it is killed", self.pid, self._what, patience_s)
        self.kill()

    def _failure(self) -> WorkerGoneError:
        return WorkerGoneError(f"the process of {self._what} has ended")

    def _end(self) -> None:
        """Tell everyone who waits that the process is gone."""
        self.ended.set()
        waiting = [*(asked for asked, _ in self._asked.values()), self.ready]
        self._asked.clear()
        self._heard.clear()
        self._wait_anew()
        for each in waiting:
            if not each.done():
                each.set_exception(self._failure())
                each.exception()  # seen, whether or not anybody still waits
        if self.slots is not None:
            self.slots.close()
