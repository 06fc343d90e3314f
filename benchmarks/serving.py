"""One server under load: connections, busy engines, and calls that are refused."""

import asyncio
import re
import struct
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import uvloop

from benchmarks.measuring import fresh_server, percentiles_ms, table, yard_stick_server
from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import ServerProcess, rendered

REQUEST = pb.RenderRequest(effect="rain", duration_s=1.0, sample_rate=44_100, seed=1)  # 176,400 bytes
RENDER = "/swash.v1.SoundService/Render"
FETCH = "/swash.v1.SoundService/Fetch"
CALLS = {1: 1000, 16: 3000, 64: 3000, 256: 4000}
ROUNDS = 3
BUSY_S = 8.0
ROOM = 40  # sounds that are made or wait
CALLS_A_SECOND = 50
# A line for each call costs some 0.1 ms; what is compared with writes none.
QUIET = ("--log-calls=off",)

LOAD_HEAD = (
    "connections",
    "Render, sounds/s",
    "of a bare stream",
    "Fetch, sounds/s",
    "of a bare answer",
    "MiB more",
)
BUSY_HEAD = ("while", "first audio of remembered sounds, p50 / p99 ms", "times idle")
FULL_HEAD = ("asked at once", "refused", "slowest refusal, ms", "slowest health check meanwhile, ms")


def main() -> None:
    """Print three tables."""
    with fresh_server(*QUIET) as server:
        with server.stub() as stub:
            sound = rendered(stub, REQUEST)
            sizes = [len(message.data) for message in sound.messages]
        with yard_stick_server(sizes) as stream, yard_stick_server([sum(sizes)]) as whole:
            rows = [_under_load(server, stream, whole, clients) for clients in CALLS]
    table(f"Remembered sounds of {sum(sizes)} bytes to a C client (h2load), median of {ROUNDS}", LOAD_HEAD, rows)
    with fresh_server(*QUIET) as server:
        busy = uvloop.run(_busy(server))
    table(f"{CALLS_A_SECOND} calls a second for remembered sounds, one connection", BUSY_HEAD, busy)
    with fresh_server(f"--max-recordings={ROOM // 2}", f"--max-queue={ROOM // 2}", *QUIET) as server:
        full = uvloop.run(_full(server))
    table("More than there is room for", FULL_HEAD, [full])


def _under_load(server: ServerProcess, stream: str, whole: str, clients: int) -> tuple[str, ...]:
    asked = REQUEST.SerializeToString()
    fetch = pb.FetchRequest(render=REQUEST).SerializeToString()
    before = server.metric("process_resident_memory_bytes")
    rates = np.array(
        [
            [
                h2load(server.address, RENDER, asked, clients),
                h2load(stream, "/yard.Stick/Stream", b"", clients),
                h2load(server.address, FETCH, fetch, clients),
                h2load(whole, "/yard.Stick/Stream", b"", clients),
            ]
            for _ in range(ROUNDS)
        ]
    )
    more_mib = (server.metric("process_resident_memory_bytes") - before) / 2**20
    return (
        str(clients), f"{np.median(rates[:, 0]):.0f}", f"{np.median(rates[:, 0] / rates[:, 1]):.2f}",
        f"{np.median(rates[:, 2]):.0f}",
        f"{np.median(rates[:, 2] / rates[:, 3]):.2f}", f"{more_mib:.0f}",
    )  # fmt: skip


def h2load(address: str, path: str, request: bytes, clients: int) -> float:
    """Return answers a second to a C client with so many connections; raise if one was not 200."""
    calls = CALLS[clients]
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        body.write_bytes(b"\0" + struct.pack(">I", len(request)) + request)
        command = ["h2load", f"-n{calls}", f"-c{clients}", "-m1", f"-d{body}"]
        command += ["-Hcontent-type: application/grpc", "-Hte: trailers", f"http://{address}{path}"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    if f"{calls} succeeded, 0 failed" not in said:
        raise RuntimeError(said)
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", said)
    assert rate, said
    return float(rate[1])


async def _busy(server: ServerProcess) -> list[tuple[str, ...]]:
    """Return how long remembered sounds take while nothing, and while eight callers' sounds are made."""
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub: Any = SoundServiceStub(channel)

        async def hit() -> float:
            began_s = time.perf_counter()
            first_s = 0.0
            async for response in stub.Render(REQUEST):
                if response.HasField("audio") and not first_s:
                    first_s = time.perf_counter() - began_s
            return first_s

        async def make(number: int) -> None:
            async with grpc.aio.insecure_channel(server.address) as own:
                own_stub: Any = SoundServiceStub(own)
                seed = 0
                while True:
                    seed += 1
                    request = pb.RenderRequest(effect="ocean_waves", duration_s=20.0, seed=1000 * number + seed)
                    async for _ in own_stub.Render(request):
                        pass

        await hit()
        idle = await _paced(hit)
        makers = [asyncio.create_task(make(number)) for number in range(8)]
        busy = await _paced(hit)
        for maker in makers:
            maker.cancel()
        await asyncio.gather(*makers, return_exceptions=True)
    return [_row("nothing else", idle, idle), _row("eight callers have new sounds made", busy, idle)]


def _row(meanwhile: str, times: Sequence[float], idle: Sequence[float]) -> tuple[str, ...]:
    times_idle = np.percentile(times, 99) / np.percentile(idle, 99)
    return meanwhile, percentiles_ms(times), f"{times_idle:.1f} at p99"


async def _paced(call: Callable[[], Awaitable[float]]) -> list[float]:
    """Call evenly, whether or not the last call has been answered."""
    start = time.perf_counter()
    calls = []
    for number in range(int(BUSY_S * CALLS_A_SECOND)):
        await asyncio.sleep(max(0.0, start + number / CALLS_A_SECOND - time.perf_counter()))
        calls.append(asyncio.ensure_future(call()))
    return list(await asyncio.gather(*calls))


async def _full(server: ServerProcess) -> tuple[str, ...]:
    """Ask for far more than fits, and see how soon the rest is told so, and health answers."""
    asked = 200
    refusals: list[float] = []
    all_refused = asyncio.Event()
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub: Any = SoundServiceStub(channel)
        check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")

        async def ask(seed: int) -> None:
            began_s = time.perf_counter()
            try:
                async for _ in stub.Render(pb.RenderRequest(effect="ocean_waves", duration_s=60.0, seed=seed)):
                    pass
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                refusals.append(time.perf_counter() - began_s)
                if len(refusals) == asked - ROOM:
                    all_refused.set()

        calls = [asyncio.create_task(ask(seed)) for seed in range(asked)]
        checks = []
        for _ in range(20):
            began_s = time.perf_counter()
            await check(b"")
            checks.append(time.perf_counter() - began_s)
        async with asyncio.timeout(BUSY_S):
            await all_refused.wait()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    return str(asked), str(len(refusals)), f"{max(refusals) * 1e3:.0f}", f"{max(checks) * 1e3:.1f}"
