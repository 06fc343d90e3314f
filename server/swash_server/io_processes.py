"""Several processes on one gRPC port: begun, watched and ended by the first, which alone has the HTTP port.

The kernel gives each connection to one of them (SO_REUSEPORT). Each is a whole server with its share of the
limits; the store's folder is common to all. They are programs of their own, not forks: gRPC does not survive one.
"""

import asyncio
import logging
import math
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from swash_server.observability.metrics import Metrics
from swash_server.settings import Settings
from swash_server.workers.pipe import LENGTH, READY, pack

COLLECT, STOP = "collect", "stop"
LABEL = "process"  # of each sample, where there are several: 0 is the first
START_S = 120.0  # the kernels are compiled already, but the machine may be busy
END_S = 5.0  # beyond drain and grace
COLLECT_S = 1.0  # whoever reads metrics waits for the slowest
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0  # before a process is begun anew that died once, and again and again
WELL_S = 60.0  # after so long it is not the start that fails

log = logging.getLogger(__name__)


class IoProcessError(OSError):
    """A process that was to share the port did not start."""


def share(settings: Settings) -> Settings:
    """Return the settings of one of several processes: limits, memory and threads are divided among them.

    What is pinned is divided only where it is kept in memory. Each gets one of everything at least.
    """
    count = settings.io_processes
    if count == 1:
        return settings

    def part(whole: int) -> int:
        return math.ceil(whole / count)

    cores = os.cpu_count() or 2
    return replace(
        settings,
        memory_mib=part(settings.memory_mib),
        recording_mib=part(settings.recording_mib),
        max_recordings=part(settings.max_recordings),
        max_queue=part(settings.max_queue),
        max_pinned_mib=settings.max_pinned_mib if settings.store else part(settings.max_pinned_mib),
        max_sessions=part(settings.max_sessions),
        max_voices=part(settings.max_voices),
        workers=part(settings.workers or max(1, cores - 1)),
        live_workers=part(settings.live_workers or cores),
    )


def check_free(host: str, port: int) -> None:
    """Raise OSError where anybody listens: a port that is shared takes in strangers without a word."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family, reuse_port=False).close()


class IoProcesses:
    """The other processes of a server; lives on the event loop of the first."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        """Begin nothing yet; `settings` are those of one process, with how many there are."""
        self._settings = settings
        self._metrics = metrics
        self._siblings: dict[int, _Sibling] = {}
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self, grpc_port: int, http_port: int) -> None:
        """Begin the others on a port that is bound; return when all of them serve, or raise IoProcessError."""
        self._settings, count = (
            replace(self._settings, grpc_port=grpc_port, http_port=http_port, io_processes=1),
            self._settings.io_processes,
        )
        numbers = range(1, count)
        await asyncio.gather(*(self._begin(number) for number in numbers))
        self._keepers = [asyncio.create_task(self._keep(number)) for number in numbers]

    async def stop(self) -> None:
        """Have all of them drain and end as the first does; one that does not is killed."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        siblings = list(self._siblings.items())
        for _, sibling in siblings:
            sibling.tell(STOP)
        within_s = self._settings.drain_s + self._settings.grace_s + END_S
        await asyncio.gather(*(self._ended(number, sibling, within_s) for number, sibling in siblings))

    async def collected(self, registry: CollectorRegistry) -> CollectorRegistry:
        """Return the metrics of all processes, each sample with its number; those of a mute one are missing."""
        siblings = [(number, sibling) for number, sibling in self._siblings.items() if sibling.serves]
        answers = await asyncio.gather(*(sibling.collected() for _, sibling in siblings))
        parts: dict[int, Iterable[Metric]] = {0: registry.collect()}
        parts |= {number: answer for (number, _), answer in zip(siblings, answers, strict=True)}
        merged = CollectorRegistry(auto_describe=False)
        merged.register(_Merged(parts))
        return merged

    async def _begin(self, number: int) -> None:
        sibling = self._siblings[number] = await _Sibling.begun(self._settings)
        try:
            async with asyncio.timeout(START_S):
                await sibling.ready
        except (TimeoutError, EOFError) as error:
            sibling.kill()
            status = await sibling.wait()
            raise IoProcessError(f"I/O process {number} did not start (status {status})") from error

    async def _keep(self, number: int) -> None:
        """Begin a process anew whenever it has ended, ever later if it ends again and again."""
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            sibling = self._siblings[number]
            status = await sibling.wait()
            log.error("I/O process %d ended (status %d); it is begun anew", number, status)
            self._metrics.io_restarts.inc()
            pause_s = FIRST_PAUSE_S if loop.time() - began_s > WELL_S else pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            began_s = loop.time()
            try:
                await self._begin(number)
            except OSError as error:  # IoProcessError, or no memory for a process
                log.error("%s", error)

    async def _ended(self, number: int, sibling: "_Sibling", within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                await sibling.wait()
        except TimeoutError:
            log.error("I/O process %d did not end within %g s and is killed", number, within_s)
            sibling.kill()
            await sibling.wait()
        await sibling.close()


class _Sibling:
    """A process, and the socket that it is asked over."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._collecting: asyncio.Future[list[Metric]] | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def begun(cls, settings: Settings) -> "_Sibling":
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "swash_server.cli.io_process", str(theirs.fileno())]
        with theirs:
            # Not by the event loop, which forks: gRPC would take that for a fork of ours, and complain.
            process = await asyncio.to_thread(
                subprocess.Popen, command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        sibling = cls(process, *await asyncio.open_connection(sock=ours))
        sibling.tell(settings)  # not on its command line, which everybody on the machine may read
        return sibling

    @property
    def serves(self) -> bool:
        """Return whether it answers calls."""
        done = self.ready.done() and not self.ready.cancelled() and self.ready.exception() is None
        return done and not self._listening.done()

    def tell(self, message: object) -> None:
        if not self._writer.is_closing():
            self._writer.write(pack(message))

    async def collected(self) -> list[Metric]:
        """Return its metrics, or nothing where it does not answer in time; whoever asks meanwhile waits along."""
        if self._collecting is None or self._collecting.done():
            self._collecting = asyncio.get_running_loop().create_future()
            self.tell(COLLECT)
        done, _ = await asyncio.wait({self._collecting}, timeout=COLLECT_S)
        return self._collecting.result() if done and not self._collecting.cancelled() else []

    async def wait(self) -> int:
        """Return its exit status when it has ended; what does not follow the end of its socket is killed."""
        await asyncio.wait({self._listening})
        try:
            return await asyncio.to_thread(self._process.wait, END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return await asyncio.to_thread(self._process.wait)

    def kill(self) -> None:
        self._process.kill()

    async def close(self) -> None:
        self._writer.close()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while True:
                (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
                message = pickle.loads(await self._reader.readexactly(size))  # from our own child
                if message == READY:
                    self.ready.set_result(None)
                elif self._collecting is not None and not self._collecting.done():
                    self._collecting.set_result(message)
        except (EOFError, OSError):  # it is gone
            pass
        finally:
            self._writer.close()
            if not self.ready.done():
                self.ready.set_exception(EOFError())
                self.ready.exception()  # seen, whether or not anybody still waits
            if self._collecting is not None and not self._collecting.done():
                self._collecting.set_result([])


class _Merged(Collector):
    """The samples of several processes, those of one family side by side."""

    def __init__(self, parts: Mapping[int, Iterable[Metric]]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for number, part in self._parts.items():
            for family in part:
                empty = Metric(family.name, family.documentation, family.type, family.unit)
                samples = families.setdefault(family.name, empty).samples
                for sample in family.samples:
                    # The disk is looked at by the first process alone; what is unknown elsewhere is no news.
                    if number == 0 or not math.isnan(sample.value):
                        samples.append(sample._replace(labels={**sample.labels, LABEL: str(number)}))
        yield from families.values()
