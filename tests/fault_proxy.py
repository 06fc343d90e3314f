"""A TCP proxy that is as bad as a network: late, narrow, broken off in the middle, or silent."""

import asyncio
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Self

READ_BYTES = 16 * 1024
START_S = STOP_S = 10.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on the way down, from the server to its caller; in both directions with `silent`.

    `reset_after_bytes` counts for each connection. `silent` takes everything and hands nothing on: a black hole.
    """

    delay_s: float = 0.0
    bytes_a_second: float | None = None
    reset_after_bytes: int | None = None
    silent: bool = False


NONE = Faults()


class FaultProxy:
    """Forwards connections to an address, within `with`; `faults` may change at any time."""

    def __init__(self, address: str, faults: Faults = NONE) -> None:
        """Stand before "host:port"."""
        host, _, port = address.rpartition(":")
        self._upstream = host, int(port)
        self.faults = faults
        self.resets = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(START_S)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            above_reader, above_writer = await asyncio.open_connection(*self._upstream)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._up(reader, above_writer))
                    both.create_task(self._down(above_reader, writer))
            finally:
                above_writer.transport.abort()
        except* (OSError, asyncio.CancelledError):
            pass  # one end has gone, and now the other
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(READ_BYTES):
            if not self.faults.silent:
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while data := await reader.read(READ_BYTES):
            faults = self.faults
            if faults.silent:
                continue
            wait_s = faults.delay_s
            if faults.bytes_a_second is not None:
                wait_s += len(data) / faults.bytes_a_second
            if wait_s:
                await asyncio.sleep(wait_s)
            if faults.reset_after_bytes is not None and passed + len(data) > faults.reset_after_bytes:
                writer.write(data[: faults.reset_after_bytes - passed])
                await writer.drain()
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.resets += 1
                raise ConnectionResetError
            passed += len(data)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
