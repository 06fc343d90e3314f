"""The processes that live voices are made in: `python -m swash_server.live_worker FD [FD ...]`, one for each FD.

They are apart from the server because Python lets one thread compute at a time: voices on threads beside the event
loop wait for it and for each other more than they sound. The first process warms up and then forks the others, so
that the kernels are loaded once and shared.

Each serves the socket of its FD: frames of a length and a pickle, written by our own parent and by nobody else.
"""

import gc
import os
import pickle
import signal
import socket
import struct
import sys
from typing import Any, BinaryIO

from swash_model.procedural.engine import ProceduralEngine
from swash_server import logs, mastering
from swash_server.errors import WorkerError
from swash_server.maker import Maker

LENGTH = struct.Struct("<I")
READY = "ready"


def pack(message: object) -> bytes:
    """Return a message as a frame."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def main(descriptors: list[int]) -> None:
    """Warm up, become as many processes as there are sockets, and serve until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends us in order
    ProceduralEngine().warm_up()
    mastering.warm_up()
    gc.collect()
    gc.freeze()  # what is shared stays shared
    mine, *others = descriptors
    for number, descriptor in enumerate(others):
        if os.fork() == 0:
            for each in (mine, *others[:number], *others[number + 1 :]):
                os.close(each)
            _serve(descriptor)
            os._exit(0)
    for each in others:
        os.close(each)
    _serve(mine)


def _serve(descriptor: int) -> None:
    """Answer every request in its turn."""
    makers: dict[int, Maker] = {}
    with socket.socket(fileno=descriptor) as connection, connection.makefile("rb") as requests:
        connection.sendall(pack(READY))
        while (request := _next(requests)) is not None:
            session, verb, arguments = request
            if verb == "drop":
                makers.pop(session, None)
                continue
            try:
                answer = _done(makers, session, verb, arguments)
            except Exception as error:  # noqa: BLE001 - where the work ends: the parent logs it and ends the session
                answer = WorkerError("\n" + "".join(logs.wordless(error)))
            connection.sendall(pack((session, answer)))


def _done(makers: dict[int, Maker], session: int, verb: str, arguments: tuple[Any, ...]) -> Any:
    if verb == "open":
        makers[session] = Maker(*arguments)
        return None
    if verb == "make":
        return makers[session].make(*arguments)
    return makers.pop(session).finish()


def _next(requests: BinaryIO) -> Any:
    """Return the next request, None when the parent is gone."""
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = requests.read(size)
    return pickle.loads(data) if len(data) == size else None  # from our own parent


if __name__ == "__main__":
    main([int(descriptor) for descriptor in sys.argv[1:]])
