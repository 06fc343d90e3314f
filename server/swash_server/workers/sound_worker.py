"""What a process does that sounds are made in: turns of Works, asked for over a socket, given in shared memory."""

import os
import queue
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from swash_model.engine import Engine
from swash_model.errors import EngineAbsentError, SoundError
from swash_server.observability import logs
from swash_server.workers.bench import Bench, watch_of
from swash_server.workers.pipe import READY, Failure, pack, unpack
from swash_server.workers.slots import SLOT_SAMPLES, Slots


def serve(connection: socket.socket, memory: int, load: Callable[[], Engine]) -> None:
    """Make sounds with a warm engine until the parent is gone, which ends the process at once.

    An engine that cannot be loaded ends it, too; the parent is told why.
    """
    slots = Slots(memory)
    os.close(memory)
    worker = _SoundWorker(connection, slots)
    threading.Thread(target=worker.read, name="swash-requests", daemon=True).start()
    worker.work(load)


class _SoundWorker:
    """Computes on one thread. Another reads, so that a sound is stopped while it is made."""

    def __init__(self, connection: socket.socket, slots: Slots) -> None:
        self._connection = connection
        self._slots = slots
        self._requests: queue.SimpleQueue[tuple[int, str, tuple[Any, ...]]] = queue.SimpleQueue()
        self._stopped: set[int] = set()

    def read(self) -> None:
        """Take requests in; the parent bounds how many wait by the places it has to lend."""
        with self._connection.makefile("rb") as requests:
            while (request := unpack(requests)) is not None:
                number, verb, _ = request
                if verb == "stop":
                    self._stopped.add(number)
                else:
                    self._requests.put(request)
        os._exit(0)  # whatever is being made, nobody waits for it

    def work(self, load: Callable[[], Engine]) -> None:
        """Do what is asked, in its order."""
        try:
            engine = load()
        except Exception as error:  # noqa: BLE001 - where a process ends: the parent tells why
            if not isinstance(
                error, SoundError
            ):  # a mistake, or a machine that is too small; no caller has said it
                sys.stderr.write("".join(logs.wordless(error)))
                error = EngineAbsentError(f"{type(error).__name__}: {error}")
            self._tell(0, "lost", Failure.of(error))
            return
        bench = Bench(engine, SLOT_SAMPLES)
        plan = getattr(engine, "plan", None)
        self._tell(0, READY, None if plan is None else plan.sendable())
        while True:
            number, verb, arguments = self._requests.get()
            try:
                answer = ("answer", self._done(bench, number, verb, arguments))
            except Exception as error:  # noqa: BLE001 - where the work ends: the parent tells whoever waits
                answer = ("failure", Failure.of(error))
            if verb != "close":
                self._tell(number, *answer)
            elif plan is not None:
                self._tell(0, "news", plan.news())

    def _done(self, bench: Bench, number: int, verb: str, arguments: tuple[Any, ...]) -> Any:
        if verb == "turn":
            slot, errand = arguments
            if errand is not None:
                bench.begin(number, errand, watch_of(number, self._tell, partial(self._is_stopped, number)))
            block, stand = bench.turn(number)
            if block is None:
                return None, stand
            self._slots.put(slot, block)
            return block.shape, stand
        if verb == "whole":
            return bench.whole(number)
        assert verb == "close", verb
        bench.close(number)
        self._stopped.discard(number)
        return None

    def _is_stopped(self, number: int) -> bool:
        return number in self._stopped

    def _tell(self, number: int, kind: str, what: object) -> None:
        self._connection.sendall(pack((number, kind, what)))
