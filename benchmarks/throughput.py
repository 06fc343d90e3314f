"""Cached sounds to 1, 16 and 64 clients, beside a bare server that streams the same bytes."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import uvloop

from benchmarks.measuring import closed_loop, fresh_server, paced, percentiles_ms, table, yard_stick_server
from swash.v1 import sound_pb2 as pb
from tests.serving import rendered

CLIENTS = (1, 16, 64)
SECONDS = 6.0
REQUEST = pb.RenderRequest(effect="rain", duration_s=1.0, sample_rate=44_100, seed=1)  # 176,400 bytes

LOOP_HEAD = ("clients", "swash clips/s", "bare stream clips/s", "ratio", "swash first frames", "bare first frames")
PACED_HEAD = ("clients, one clip a second each", "swash", "bare stream", "empty call")


def main() -> None:
    """Print clips a second and first frames."""
    with fresh_server() as server:
        with server.stub() as stub:
            sound = rendered(stub, REQUEST)
        sizes = [len(message.data) for message in sound.messages]
        with yard_stick_server(sizes) as bare:
            rows = uvloop.run(_measured(server.address, bare))
    table(f"Cached clips of {sum(sizes)} bytes, closed loop, Python clients on the same cores", LOOP_HEAD, rows[0])
    table("The same, paced: first frames p50 / p99 ms", PACED_HEAD, rows[1])


async def _measured(ours: str, bare: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    loops: list[tuple[str, ...]] = []
    paces: list[tuple[str, ...]] = []
    request = REQUEST.SerializeToString()
    for clients in CLIENTS:
        channels = [[grpc.aio.insecure_channel(address) for _ in range(clients)] for address in (ours, bare)]
        swash = _streaming(channels[0], "/swash.v1.SoundService/Render", request, skip=1)
        stick = _streaming(channels[1], "/yard.Stick/Stream", b"", skip=0)
        empty = _unary(channels[1], "/yard.Stick/Empty")
        await closed_loop(swash, clients, 1.0)
        a, b = [await closed_loop(call, clients, SECONDS) for call in (swash, stick)]
        loops.append(
            (
                str(clients), f"{len(a) / SECONDS:.0f}", f"{len(b) / SECONDS:.0f}", f"{len(a) / len(b):.2f}",
                percentiles_ms(a), percentiles_ms(b),
            )
        )  # fmt: skip
        times = [await paced(call, clients, SECONDS) for call in (swash, stick, empty)]
        paces.append((str(clients), *map(percentiles_ms, times)))
        for channel in (*channels[0], *channels[1]):
            await channel.close()
    return loops, paces


def _streaming(
    channels: list[grpc.aio.Channel], method: str, request: bytes, *, skip: int
) -> Callable[[int], Awaitable[float]]:
    """Return a call that gives the time to the first message after `skip`; it reads to the end."""
    calls: list[Any] = [channel.unary_stream(method) for channel in channels]

    async def call(number: int) -> float:
        began, first, count = time.perf_counter(), 0.0, 0
        async for _message in calls[number](request):
            if count == skip:
                first = time.perf_counter() - began
            count += 1
        return first

    return call


def _unary(channels: list[grpc.aio.Channel], method: str) -> Callable[[int], Awaitable[float]]:
    calls: list[Any] = [channel.unary_unary(method) for channel in channels]

    async def call(number: int) -> float:
        began = time.perf_counter()
        await calls[number](b"")
        return time.perf_counter() - began

    return call
