"""One more process on the gRPC port of a server: `python -m swash_server.cli.io_process FD`, begun by the first.

Frames of a length and a pickle come over the socket of the FD, written by our own parent and by nobody else: first
the settings, then what it asks. When the socket ends the parent is gone, and so are we.
"""

import asyncio
import pickle
import socket
import sys
from typing import Any

from swash_server.app import App
from swash_server.cli.failure import told
from swash_server.cli.serve import engines_of, loop_factory, raise_file_limit, stop_on_signals, until
from swash_server.io_processes import COLLECT
from swash_server.observability import logs
from swash_server.settings import Settings
from swash_server.workers.pipe import LENGTH, READY, pack


def main(descriptor: int) -> None:
    """Serve until the parent says so or is gone."""
    with told(), socket.socket(fileno=descriptor) as connection:
        settings = _received(connection)
        with logs.written(settings):
            raise_file_limit()
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(_serve(settings, connection))


def _received(connection: socket.socket) -> Settings:
    with connection.makefile("rb", buffering=0) as sent:  # what follows is the event loop's to read
        (size,) = LENGTH.unpack(_exactly(sent, LENGTH.size))
        settings = pickle.loads(_exactly(sent, size))
    assert isinstance(settings, Settings)
    return settings


def _exactly(sent: Any, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sent.read(size - len(data))
        if not part:
            raise OSError("the first process is gone")
        data += part
    return data


async def _serve(settings: Settings, connection: socket.socket) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    app = App(settings, await asyncio.to_thread(engines_of, settings), member=True)
    reader, writer = await asyncio.open_connection(sock=connection)
    answering = asyncio.create_task(_answer(app, reader, writer, stop))
    try:
        await until(stop, app, lambda: writer.write(pack(READY)))
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        writer.close()


async def _answer(
    app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stop: asyncio.Event
) -> None:
    """Answer the parent, and stop when it says so or is gone."""
    try:
        while True:
            (size,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            if pickle.loads(await reader.readexactly(size)) == COLLECT:
                writer.write(pack(list(app.metrics.registry.collect())))
            else:
                stop.set()  # and while calls end, metrics are still answered
    except (EOFError, OSError):
        pass
    finally:
        stop.set()


if __name__ == "__main__":
    main(int(sys.argv[1]))
