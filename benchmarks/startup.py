"""From the command to SERVING, and the memory of a server that has made every effect once."""

import time
from pathlib import Path

from benchmarks.measuring import fresh_server, table
from swash.v1 import sound_pb2 as pb
from swash_model.procedural.catalogue import EFFECTS
from tests.serving import ServerProcess, rendered

REPEATS = 3


def main() -> None:
    """Print seconds and MiB."""
    starts = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        with fresh_server() as server:
            starts.append(time.perf_counter() - began)
            idle = _resident_mib(server)
            with server.stub() as stub:
                for effect in EFFECTS:
                    rendered(stub, pb.RenderRequest(effect=effect, seed=1))
            used = _resident_mib(server)
    rows = [
        ("start to SERVING, kernels cached", f"{min(starts):.2f} to {max(starts):.2f} s"),
        ("resident when SERVING", f"{idle:.0f} MiB"),
        ("resident after one of each effect", f"{used:.0f} MiB"),
    ]
    table("Start and memory", ("what", "measured"), rows)


def _resident_mib(server: ServerProcess) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
