"""The process that workers are forked from: `python -m swash_server.workers.zygote FD`. It serves nobody itself.

It warms up once. A worker that it forks is there in some 20 ms, and shares the kernels with the others. The
server asks for one with a byte, which says the kind, and with the descriptors that it is to serve; it is told when
one ends. When the server is gone, whatever is left of its workers is killed.
"""

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from swash_model.procedural.engine import ProceduralEngine
from swash_server.making import mastering
from swash_server.observability import logs
from swash_server.workers import live_worker, sound_worker
from swash_server.workers.pipe import LIVE, READY, SOUND, pack
from swash_server.workers.worker_process import ignore_signals, step_back

SOUND_NICENESS = 5  # the event loop goes first, and live voices do

Serve = Callable[[list[int]], None]


def main(descriptor: int) -> None:
    """Warm up, and fork workers until the parent is gone."""
    ignore_signals()
    engine = ProceduralEngine()
    engine.warm_up()
    mastering.warm_up()
    gc.collect()
    gc.freeze()  # what is shared stays shared

    def serve_live(descriptors: list[int]) -> None:
        (connection,) = descriptors
        live_worker.serve(socket.socket(fileno=connection))

    def serve_sounds(descriptors: list[int]) -> None:
        step_back(SOUND_NICENESS)
        connection, memory = descriptors
        sound_worker.serve(socket.socket(fileno=connection), memory, lambda: engine)

    with socket.socket(fileno=descriptor) as control:
        _Zygote(control, {LIVE: serve_live, SOUND: serve_sounds}).run()


class _Zygote:
    def __init__(self, control: socket.socket, kinds: dict[bytes, Serve]) -> None:
        self._control = control
        self._kinds = kinds
        self._children: set[int] = set()
        # A child's end is read from here, and nothing is done in a signal's handler.
        self._woken, self._wakes = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)

    def run(self) -> None:
        """Fork and reap until the parent is gone."""
        try:
            self._tell(READY, 0)
            while True:
                readable, _, _ = select.select([self._control.fileno(), self._woken], [], [])
                if self._woken in readable:
                    os.read(self._woken, 4096)
                    self._reap()
                if self._control.fileno() in readable and not self._asked():
                    return
        except OSError:
            pass  # nobody hears us any more
        finally:
            for child in self._children:
                os.kill(child, signal.SIGKILL)

    def _asked(self) -> bool:
        """Fork a worker if one is asked for; return False when the parent is gone."""
        kind, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        if not kind:
            return False
        child = os.fork()
        if child == 0:
            self._become(self._kinds[kind], descriptors)
        for each in descriptors:
            os.close(each)
        self._children.add(child)
        self._tell("begun", child)
        return True

    def _become(self, serve: Serve, descriptors: list[int]) -> NoReturn:
        """Be a worker, and nothing after it."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._children.clear()
            for each in (self._woken, self._wakes):
                os.close(each)
            self._control.close()
            serve(descriptors)
            status = 0
        except BaseException as error:  # noqa: BLE001 - where a process ends: its parent reads how
            sys.stderr.write("".join(logs.wordless(error)))
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while self._children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            self._children.discard(child)
            self._tell("ended", child, os.waitstatus_to_exitcode(status))

    def _tell(self, what: str, *about: int) -> None:
        self._control.sendall(pack((what, *about)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
