"""The worker processes of live voices: begun with the first session, ended with the server."""

import asyncio
import itertools
import logging
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from swash_server.encode import Encoding
from swash_server.errors import NotReadyError
from swash_server.live_worker import LENGTH, READY, pack
from swash_server.maker import Due, Made
from swash_server.mastering import Mastering

START_S = 120.0  # the very first start compiles every kernel
STOP_S = 5.0

log = logging.getLogger(__name__)


class Crew:
    """Some worker processes. One that dies ends its sessions; the next session starts a new crew."""

    def __init__(self, workers: int, *, on_restart: Callable[[], object]) -> None:
        """Start nothing yet; `workers` at least 1. `on_restart` hears when a new crew replaces one that died."""
        self._count = workers
        self._on_restart = on_restart
        self._workers: list[_Worker] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = asyncio.Lock()
        self._sessions = itertools.count()

    async def seat(self, mastering: Mastering, encoding: Encoding) -> "Seat":
        """Open a session with the worker that has fewest; start the workers if there are none."""
        async with self._starting:
            if not self._workers or any(worker.gone for worker in self._workers):
                if self._workers:
                    self._on_restart()
                await self.close()
                await self._start()
        worker = min(self._workers, key=lambda each: each.sessions)
        seat = Seat(worker, next(self._sessions))
        worker.sessions += 1
        try:
            await worker.ask(seat.number, "open", mastering, encoding)
        except BaseException:
            seat.leave()
            raise
        return seat

    async def close(self) -> None:
        """End every worker and wait for them."""
        for worker in self._workers:
            await worker.close()
        self._workers = []
        process, self._process = self._process, None
        if process is not None:
            try:
                await asyncio.to_thread(process.wait, STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)

    async def _start(self) -> None:
        pairs = [socket.socketpair() for _ in range(self._count)]
        theirs = [their for _, their in pairs]
        command = [sys.executable, "-m", "swash_server.live_worker", *(str(their.fileno()) for their in theirs)]
        passed = [their.fileno() for their in theirs]
        self._process = await asyncio.to_thread(
            subprocess.Popen, command, pass_fds=passed, stdin=subprocess.DEVNULL
        )
        for their in theirs:
            their.close()
        self._workers = [await _Worker.connected(ours) for ours, _ in pairs]
        try:
            async with asyncio.timeout(START_S):
                await asyncio.gather(*(worker.ready for worker in self._workers))
        except (TimeoutError, NotReadyError) as error:
            self._process.kill()
            await self.close()
            raise NotReadyError("the processes of live voices did not start") from error


class Seat:
    """A session's place with a worker; one request at a time."""

    def __init__(self, worker: "_Worker", number: int) -> None:
        self.number = number
        self._worker = worker
        self._left = False

    async def make(self, quanta: int, due: Sequence[Due]) -> Made:
        """Have some quanta made; raise NotReadyError when the worker is gone."""
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
            self._worker.sessions -= 1
            self._worker.tell(self.number, "drop")


class _Worker:
    """One process, at the other end of a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sessions = 0
        self.gone = False
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def connected(cls, ours: socket.socket) -> "_Worker":
        return cls(*await asyncio.open_connection(sock=ours))

    async def ask(self, session: int, verb: str, *arguments: Any) -> Any:
        """Return the answer to a request; raise NotReadyError when the process is gone."""
        if self.gone:
            raise NotReadyError("the process of these live voices has ended")
        answer = self._asked[session] = asyncio.get_running_loop().create_future()
        self.tell(session, verb, *arguments)
        return await answer

    def tell(self, session: int, verb: str, *arguments: Any) -> None:
        """Send what is not answered, or not waited for."""
        if not self.gone:
            self._writer.write(pack((session, verb, arguments)))

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while True:
                (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
                message = pickle.loads(await self._reader.readexactly(size))
                if message == READY:
                    self.ready.set_result(None)
                    continue
                session, answer = message
                asked = self._asked.pop(session, None)
                if asked is None or asked.done():
                    continue  # whoever asked has left
                if isinstance(answer, Exception):
                    asked.set_exception(answer)
                else:
                    asked.set_result(answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._end()

    def _end(self) -> None:
        """Tell everyone who waits that the process is gone."""
        self.gone = True
        failure = NotReadyError("the process of these live voices has ended")
        waiting = [*self._asked.values(), self.ready]
        self._asked.clear()
        for each in waiting:
            if not each.done():
                each.set_exception(failure)
                each.exception()  # seen, whether or not anybody still waits
