"""What the benchmarks share: percentiles, a server, a yard-stick, and lines for benchmarks/LOG.md."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.serving import ServerProcess


def percentiles_ms(seconds: Sequence[float]) -> str:
    """Return p50 and p99 in milliseconds."""
    return f"{np.percentile(seconds, 50) * 1e3:.2f} / {np.percentile(seconds, 99) * 1e3:.2f}"


def ratio(seconds: Sequence[float], yard_stick: Sequence[float]) -> str:
    """Return how many times the median is that of the yard-stick."""
    return f"{np.median(seconds) / np.median(yard_stick):.1f}"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()


@contextmanager
def fresh_server(*flags: str) -> Iterator[ServerProcess]:
    """Give a server with an empty store."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder), *flags) as server:
        yield server


@contextmanager
def yard_stick_server(sizes: Sequence[int]) -> Iterator[str]:
    """Give the address of a bare grpc.aio server that streams byte strings of these sizes."""
    command = [sys.executable, "-m", "benchmarks.yard_stick", *map(str, sizes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


async def closed_loop(call: Callable[[int], Awaitable[float]], clients: int, seconds: float) -> list[float]:
    """Let each client call again as soon as it is answered; return the first-frames times."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        while time.perf_counter() < end:
            times.append(await call(number))

    await asyncio.gather(*(client(number) for number in range(clients)))
    return times


async def paced(call: Callable[[int], Awaitable[float]], clients: int, seconds: float) -> list[float]:
    """Let each client call once a second, evenly spread; return the first-frames times."""
    times: list[float] = []
    start = time.perf_counter()

    async def client(number: int) -> None:
        for turn in range(int(seconds)):
            due = start + turn + number / clients
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            times.append(await call(number))

    await asyncio.gather(*(client(number) for number in range(clients)))
    return times
