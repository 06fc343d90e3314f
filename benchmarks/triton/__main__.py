"""swash beside Triton, the same sound on the same cores in the same minute: `make bench-triton`.

Triton's gRPC is C++, its stream runs a Python model (streams have no cache there), its unary answer comes from its
cache without Python. The client parses nothing of either.
"""

import asyncio
import itertools
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import numpy as np
import uvloop

from benchmarks.measuring import closed_loop, fresh_server, percentiles_ms, table
from benchmarks.serving import FETCH, QUIET, RENDER, REQUEST, h2load
from benchmarks.triton.server import STREAMS, Triton, triton
from swash.v1 import sound_pb2 as pb
from tests.serving import ServerProcess, rendered

SECONDS = 4.0
ROUNDS = 3
STREAMERS = (1, 16)
EQUAL = 20
PIECES = {"streamed": "as swash's, 8 and 64 KiB", "pieces": "11 of 16 KiB"}
MISS = pb.RenderRequest(effect="wind", duration_s=20.0, seed=77)
INFER = "/inference.GRPCInferenceService/ModelInfer"
STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"

STREAM_HEAD = (
    "clients",
    "pieces of Triton",
    "swash first audio",
    "Triton first audio",
    "ratio",
    "swash sounds/s",
    "Triton",
    "ratio",
)
HIT_HEAD = (
    "clients",
    "swash Fetch, sounds/s",
    "swash Render",
    "Triton unary",
    "Fetch to Triton",
    "Render to Triton",
)


def main() -> None:
    """Print first audio, sounds a second, and what equal misses cost."""
    with fresh_server(*QUIET) as server:
        with server.stub() as stub:
            sizes = [len(message.data) for message in rendered(stub, REQUEST).messages]
        with triton(sizes) as other:
            streams = uvloop.run(_streams(server.address, other.address))
            hits = _hits(server.address, other.address)
            equal = uvloop.run(_equal_misses(server, other))
    title = f"Streamed sounds of {sum(sizes)} bytes in {len(sizes)} pieces, Python clients"
    table(f"{title}; first audio p50 / p99 ms, best of {ROUNDS} rounds in pairs", STREAM_HEAD, streams)
    table(f"Remembered sounds, h2load; median of {ROUNDS} rounds in pairs", HIT_HEAD, hits)
    table(f"{EQUAL} equal misses at once", ("server", "made"), equal)


async def _streams(ours: str, theirs: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for clients, model in itertools.product(STREAMERS, STREAMS):
        swash = [grpc.aio.insecure_channel(ours) for _ in range(clients)]
        other = [grpc.aio.insecure_channel(theirs) for _ in range(clients)]
        a, b = _swash(swash), _triton(other, model)
        pairs = [[await closed_loop(call, clients, SECONDS) for call in (a, b)] for _ in range(ROUNDS)]
        x, y = (min((pair[side] for pair in pairs), key=lambda times: float(np.median(times))) for side in (0, 1))
        rows.append(
            (
                str(clients), PIECES[model], percentiles_ms(x), percentiles_ms(y),
                f"{np.median(x) / np.median(y):.2f}",
                f"{len(x) / SECONDS:.0f}", f"{len(y) / SECONDS:.0f}", f"{len(x) / len(y):.2f}",
            )
        )  # fmt: skip
        for channel in (*swash, *other):
            await channel.close()
    return rows


def _swash(channels: list[grpc.aio.Channel]) -> Callable[[int], Awaitable[float]]:
    """Return a call that gives the seconds to the first audio, which follows the header."""
    calls: list[Any] = [channel.unary_stream(RENDER) for channel in channels]
    request = REQUEST.SerializeToString()

    async def call(number: int) -> float:
        began, first, count = time.perf_counter(), 0.0, 0
        async for _message in calls[number](request):
            if count == 1:
                first = time.perf_counter() - began
            count += 1
        return first

    return call


def _triton(channels: list[grpc.aio.Channel], model: str) -> Callable[[int], Awaitable[float]]:
    calls: list[Any] = [channel.stream_stream(STREAM) for channel in channels]
    request = _infer(model, 1)

    async def call(number: int) -> float:
        began, first = time.perf_counter(), 0.0
        stream = calls[number]()
        await stream.write(request)
        await stream.done_writing()
        async for _message in stream:
            first = first or time.perf_counter() - began
        return first

    return call


def _hits(ours: str, theirs: str) -> list[tuple[str, ...]]:
    fetch = pb.FetchRequest(render=REQUEST).SerializeToString()
    render, infer = REQUEST.SerializeToString(), _infer("cached", 1)
    rows: list[tuple[str, ...]] = []
    for clients in (1, 16, 64):
        rounds = np.array(
            [
                [
                    h2load(ours, FETCH, fetch, clients),
                    h2load(ours, RENDER, render, clients),
                    h2load(theirs, INFER, infer, clients),
                ]
                for _ in range(ROUNDS)
            ]
        )
        ratios = np.median(rounds[:, :2] / rounds[:, 2:], axis=0)
        rates = np.median(rounds, axis=0)
        rows.append((str(clients), *(f"{rate:.0f}" for rate in rates), *(f"{ratio:.2f}" for ratio in ratios)))
    return rows


async def _equal_misses(server: ServerProcess, other: Triton) -> list[tuple[str, ...]]:
    before = server.metric("swash_render_seconds_count")
    async with grpc.aio.insecure_channel(server.address) as channel:
        render: Any = channel.unary_stream(RENDER)
        await asyncio.gather(*(_read(render(MISS.SerializeToString())) for _ in range(EQUAL)))
    made = server.metric("swash_render_seconds_count") - before
    async with grpc.aio.insecure_channel(other.address) as channel:
        infer: Any = channel.unary_unary(INFER)
        await asyncio.gather(*(infer(_infer("slow", 1)) for _ in range(EQUAL)))
    return [("swash", f"{made:.0f}"), ("Triton, response cache on", str(other.executions("slow")))]


async def _read(stream: Any) -> None:
    async for _message in stream:
        pass


def _infer(model: str, seed: int) -> bytes:
    """Return a ModelInferRequest: model_name = 1, inputs = 5 (name = 1, datatype = 2, shape = 3), raw input = 7.

    https://github.com/triton-inference-server/common/blob/main/protobuf/grpc_service.proto
    """
    tensor = _field(1, b"seed") + _field(2, b"INT64") + _field(3, b"\x01")
    return _field(1, model.encode()) + _field(5, tensor) + _field(7, struct.pack("<q", seed))


def _field(number: int, value: bytes) -> bytes:
    assert len(value) < 128, "a length of one byte"
    return bytes([number << 3 | 2, len(value)]) + value


if __name__ == "__main__":
    main()
