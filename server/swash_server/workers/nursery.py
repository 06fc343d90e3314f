"""Where worker processes come from: forked from one that is warm."""

import asyncio
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
from contextlib import suppress

from swash_server.errors import NotReadyError
from swash_server.workers.pipe import LENGTH, LIVE, READY, SOUND
from swash_server.workers.slots import shared_memory
from swash_server.workers.worker import Worker

START_S = 120.0  # the very first start compiles every kernel
FORK_S = 10.0
STOP_S = 5.0

log = logging.getLogger(__name__)


class Nursery:
    """Has a warm process fork workers. It is begun with the first of them, and again when it has died."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._one_at_a_time = asyncio.Lock()
        self._zygote: _Zygote | None = None

    async def live(self) -> Worker:
        """Return a new worker for live voices; raise NotReadyError when there can be none."""
        return await self._begun(LIVE, "these live voices", None)

    async def sounds(self) -> Worker:
        """Return a new worker for sounds; raise NotReadyError when there can be none."""
        memory = shared_memory()
        try:
            return await self._begun(SOUND, "this sound", memory)
        finally:
            os.close(memory)

    async def close(self) -> None:
        """End the warm process, and with it whatever workers have not ended."""
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            await zygote.close()

    async def _begun(self, kind: bytes, what: str, memory: int | None) -> Worker:
        async with self._one_at_a_time:
            ours, theirs = socket.socketpair()
            with theirs:
                passed = [theirs.fileno()] if memory is None else [theirs.fileno(), memory]
                try:
                    pid = await self._forked(kind, passed)
                except BaseException:
                    ours.close()
                    raise
        worker = await Worker.connected(ours, pid=pid, what=what, memory=memory)
        try:
            async with asyncio.timeout(FORK_S):
                await asyncio.shield(worker.ready)
        except BaseException as error:
            worker.kill()
            await worker.close()
            if isinstance(error, (TimeoutError, NotReadyError)):
                raise NotReadyError(f"a process of {what} did not start") from error
            raise
        return worker

    async def _forked(self, kind: bytes, descriptors: list[int]) -> int:
        """Return the process id of a new worker; once more where the warm process had died unnoticed."""
        try:
            return await (await self._warm()).fork(kind, descriptors)
        except NotReadyError:
            if self._zygote is not None and not self._zygote.gone:
                raise
            return await (await self._warm()).fork(kind, descriptors)

    async def _warm(self) -> "_Zygote":
        if self._zygote is not None and self._zygote.gone:
            log.error("the process that workers are forked from has ended; it is begun again")
            await self._zygote.close()
            self._zygote = None
        if self._zygote is None:
            self._zygote = await _Zygote.begun()
        return self._zygote


class _Zygote:
    """The warm process, at the other end of a socket."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        control: socket.socket,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._control = control
        self._reader = reader
        self._writer = writer
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begun: asyncio.Future[int] | None = None
        self._closing = False
        self.gone = False
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def begun(cls) -> "_Zygote":
        """Return one that is warm; raise NotReadyError if it does not start."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "swash_server.workers.zygote", str(theirs.fileno())]
            process = await asyncio.to_thread(
                subprocess.Popen, command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        control = ours.dup()  # descriptors are sent through it, which streams cannot
        zygote = cls(process, control, *await asyncio.open_connection(sock=ours))
        try:
            async with asyncio.timeout(START_S):
                await asyncio.shield(zygote._ready)
        except BaseException as error:
            process.kill()
            await zygote.close()
            if isinstance(error, (TimeoutError, NotReadyError)):
                raise NotReadyError("the process that workers are forked from did not start") from error
            raise
        return zygote

    async def fork(self, kind: bytes, descriptors: list[int]) -> int:
        """Return the process id of a new worker, to which these descriptors were passed."""
        self._begun = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(self._control, [kind], descriptors)
            async with asyncio.timeout(FORK_S):
                return await asyncio.shield(self._begun)
        except (TimeoutError, OSError) as error:
            self._process.kill()  # what hangs here would hang for the next one, too
            raise NotReadyError("a worker process did not start") from error

    async def close(self) -> None:
        """End it and wait for that."""
        self._closing = True
        self._writer.close()
        self._control.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        try:
            await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def _listen(self) -> None:
        try:
            while True:
                (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
                what, *about = pickle.loads(await self._reader.readexactly(size))
                if what == READY:
                    self._ready.set_result(None)
                elif what == "begun":
                    if self._begun is not None and not self._begun.done():
                        self._begun.set_result(about[0])
                elif not self._closing:
                    log.warning("the worker process %d ended: %s", about[0], _how(about[1]))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._end()

    def _end(self) -> None:
        self.gone = True
        for each in (self._ready, self._begun):
            if each is not None and not each.done():
                each.set_exception(NotReadyError("the process that workers are forked from has ended"))
                each.exception()  # seen, whether or not anybody still waits


def _how(status: int) -> str:
    """Return how a process ended, by what `waitstatus_to_exitcode` tells."""
    if status >= 0:
        return f"exit status {status}"
    name = signal.Signals(-status).name
    return f"{name}, perhaps for want of memory" if -status == signal.SIGKILL else name
