"""The process of the neural engine: begun by itself, for what is forked has no torch."""

import asyncio
import json
import os
import socket
import subprocess
import sys

from swash_model.engines import ModelChoice
from swash_server.errors import NotReadyError
from swash_server.workers.slots import shared_memory
from swash_server.workers.worker import Worker, WorkerGoneError

LOAD_S = 900.0  # the very first start compiles the networks

WHAT = "the neural engine"


class Loader:
    """Begins processes that load a model."""

    def __init__(self, choice: ModelChoice) -> None:
        """Begin nothing yet."""
        self._choice = choice

    async def worker(self) -> Worker:
        """Return a process that has loaded the model.

        Raise ModelFilesError or EngineAbsentError where it cannot, NotReadyError where it died of it.
        """
        ours, theirs = socket.socketpair()
        memory = shared_memory()
        try:
            with theirs:
                process = await self._started(theirs.fileno(), memory)
            worker = await Worker.connected(ours, pid=process.pid, what=WHAT, memory=memory, process=process)
        finally:
            os.close(memory)
        try:
            async with asyncio.timeout(LOAD_S):
                await asyncio.shield(worker.ready)
        except BaseException as error:
            worker.kill()
            await worker.close()
            if isinstance(error, (TimeoutError, WorkerGoneError)):
                raise NotReadyError(f"the process of {WHAT} ended while it loaded the model") from error
            raise
        return worker

    async def _started(self, connection: int, memory: int) -> subprocess.Popen[bytes]:
        choice = self._choice
        t5_folder = None if choice.t5_folder is None else str(choice.t5_folder)
        told = json.dumps([str(choice.folder), t5_folder, choice.precision, choice.threads, choice.device])
        command = [sys.executable, "-m", "swash_server.workers.neural_worker", str(connection), str(memory), told]
        return await asyncio.to_thread(
            subprocess.Popen, command, pass_fds=[connection, memory], stdin=subprocess.DEVNULL
        )
