"""What a Ray pool costs beside a process: python -m benchmarks.ray_pool, where there is the extra ray.

A small random model, whose sounds take some 50 ms: what is added stands out. Both servers run at once and are
called in turns; Ray runs on the same cores, as `--ray-address local` begins it.
"""

import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measuring import fresh_server, percentiles_ms, table
from swash.v1 import sound_pb2 as pb
from swash_model.engines import NEURAL_ENGINE
from tests.serving import ServerProcess

MODEL = Path(__file__).parent.parent / "tests/data/stable_audio_open_small"
SOUNDS, WARM_UP = 60, 5
STEPS = (4, 50)
MIB = 1024 * 1024


def main() -> None:
    """Print times of sounds, starts and memory."""
    with ExitStack() as stack:
        shared = (f"--model={MODEL}", "--neural-threads=1", "--memory-mib=1")
        started: dict[str, tuple[ServerProcess, float]] = {}
        for name, flags in (("a process", ()), ("a Ray pool", ("--ray-address=local",))):
            began_s = time.perf_counter()
            server = stack.enter_context(fresh_server(*shared, *flags))
            started[name] = server, time.perf_counter() - began_s
        times: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for steps in STEPS:
            for seed in range(WARM_UP + SOUNDS):
                for name, (server, _) in started.items():
                    taken = _timed(server, steps, 1000 * steps + seed)
                    if seed >= WARM_UP:
                        times.setdefault((name, steps), []).append(taken)
        rows = [
            (
                name,
                str(steps),
                percentiles_ms([first for first, _ in each]),
                percentiles_ms([end for _, end in each]),
            )
            for (name, steps), each in times.items()
        ]
        table(
            f"Ray pool: {SOUNDS} neural sounds of 0.5 s, one after the other, p50 / p99 ms",
            ("made in", "steps", "first frames", "whole"),
            rows,
        )
        sizes = [
            (name, f"{start_s:.1f} s", f"{_pss_bytes(server.process.pid) / MIB:.0f} MiB")
            for name, (server, start_s) in started.items()
        ]
        table("Ray pool: start and memory (PSS of all processes)", ("made in", "until it serves", "memory"), sizes)


def _timed(server: ServerProcess, steps: int, seed: int) -> tuple[float, float]:
    """Return the seconds to the first frames of a new sound, and to its end."""
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, steps=steps, seed=seed, duration_s=0.5)
    first_s = 0.0
    with server.stub() as stub:
        stub.GetServerInfo(pb.GetServerInfoRequest())  # the connection is there
        began_s = time.perf_counter()
        for event in stub.Render(request, timeout=60):
            if event.HasField("audio") and not first_s:
                first_s = time.perf_counter() - began_s
    return first_s, time.perf_counter() - began_s


def _pss_bytes(pid: int) -> int:
    """Return the memory of a process and all that it began, shared pages in parts."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total = int(line.split()[1]) * 1024
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return total + sum(_pss_bytes(int(child)) for child in children)


if __name__ == "__main__":
    main()
