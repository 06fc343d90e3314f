"""Cached clips a second from two processes on one port beside one, to h2load, whose C leaves the cores free."""

import re
import struct
import subprocess
import tempfile
from pathlib import Path

import grpc

from benchmarks.measuring import fresh_server, table
from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import ServerProcess, rendered

COUNTS = (1, 2)
CONNECTIONS = (1, 16, 64)
ROUNDS = 3  # of each in turn; the best of them, for whatever else runs only takes away
CLIPS = 3000
REQUEST = pb.RenderRequest(effect="rain", duration_s=1.0, sample_rate=44_100, seed=1)  # 176,400 bytes
FINISHED = re.compile(r"finished in \S+, ([0-9.]+) req/s")
SUCCEEDED = re.compile(r"(\d+) succeeded, (\d+) failed, (\d+) errored")


def main() -> None:
    """Print clips a second and their ratio."""
    best: dict[tuple[int, int], float] = {}
    for _ in range(ROUNDS):
        for count in COUNTS:
            with fresh_server(f"--io-processes={count}") as server:
                _warm(server, count)
                for connections in CONNECTIONS:
                    clips = _clips_a_second(server.address, connections)
                    best[connections, count] = max(clips, best.get((connections, count), 0.0))
    rows = [
        (str(c), *(f"{best[c, count]:.0f}" for count in COUNTS), f"{best[c, 2] / best[c, 1]:.2f}")
        for c in CONNECTIONS
    ]
    head = ("connections", *(f"{count} process{'es' if count > 1 else ''}, clips/s" for count in COUNTS), "ratio")
    table("Cached clips of 1 s to h2load, closed loop, processes of native gRPC", head, rows)


def _warm(server: ServerProcess, count: int) -> None:
    """Have every process remember the clip: each has a memory of its own."""
    while any(not server.metric("swash_calls_total", **_of(number, count)) for number in range(count)):
        options = [("grpc.use_local_subchannel_pool", 1)]  # a connection each: the kernel chooses the process
        with grpc.insecure_channel(server.address, options=options) as channel:
            rendered(SoundServiceStub(channel), REQUEST)


def _of(number: int, count: int) -> dict[str, str]:
    return {"method": "Render", **({"process": str(number)} if count > 1 else {})}


def _clips_a_second(address: str, connections: int) -> float:
    message = REQUEST.SerializeToString()
    with tempfile.NamedTemporaryFile() as body:
        Path(body.name).write_bytes(b"\0" + struct.pack(">I", len(message)) + message)
        done = subprocess.run(
            [
                "h2load", f"-n{CLIPS}", f"-c{connections}", "-m1", "-t1", f"-d{body.name}",
                "-H", "content-type: application/grpc", "-H", "te: trailers",
                f"http://{address}/swash.v1.SoundService/Render",
            ],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    finished, succeeded = FINISHED.search(done.stdout), SUCCEEDED.search(done.stdout)
    if finished is None or succeeded is None or int(succeeded[1]) != CLIPS:
        raise RuntimeError(done.stdout)
    return float(finished[1])
