"""Half an hour of everything at once: memory, descriptors and threads must stay where they are. `make soak`.

python -m benchmarks.soak [--minutes 30] [--calls 50]
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import uvloop

from benchmarks.measuring import fresh_server, table
from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.procedural.catalogue import EFFECTS
from tests.serving import ServerProcess

MAX_SLOPE_MIB_A_MINUTE = 1.0
WARM = 0.25  # of the time: caches fill
SEEDS = 8  # of each effect: a part of the calls finds what is remembered
LOOK_S = 5.0

HEAD = (
    "minutes",
    "calls",
    "answered otherwise",
    "MiB at the warm start",
    "MiB at the end",
    "MiB a minute",
    "files",
    "threads",
)


def main() -> None:
    """Print one row, and end with 1 if memory or descriptors grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long")
    parser.add_argument("--calls", type=float, default=50.0, help="calls a second")
    given = parser.parse_args()
    with fresh_server("--store-mib=256", "--memory-mib=64") as server:
        row, good = uvloop.run(_soak(server, given.minutes * 60.0, given.calls))
    table("A soak of mixed calls", HEAD, [row])
    raise SystemExit(0 if good else 1)


async def _soak(server: ServerProcess, seconds: float, calls_a_second: float) -> tuple[tuple[str, ...], bool]:
    chance = random.Random(1)
    codes: Counter[str] = Counter()
    looks: list[tuple[float, float, int, int]] = []
    running: set[asyncio.Task[None]] = set()
    start_s = time.perf_counter()
    next_look_s = 0.0
    async with grpc.aio.insecure_channel(server.address) as channel:
        stub: Any = SoundServiceStub(channel)
        number = 0
        while (now_s := time.perf_counter() - start_s) < seconds:
            if now_s >= next_look_s:
                looks.append((now_s, *_look(server)))
                next_look_s += LOOK_S
            task = asyncio.create_task(_call(stub, chance, codes))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
            await asyncio.sleep(max(0.0, start_s + number / calls_a_second - time.perf_counter()))
        await asyncio.gather(*running, return_exceptions=True)
    looks.append((time.perf_counter() - start_s, *_look(server)))
    warm = [look for look in looks if look[0] >= WARM * seconds]
    minutes, mib = np.array([look[0] / 60 for look in warm]), np.array([look[1] for look in warm])
    slope = float(np.polyfit(minutes, mib, 1)[0])
    files, threads = (f"{warm[0][kind]} to {warm[-1][kind]}" for kind in (2, 3))
    foreseen = {"OK", "CANCELLED", "DEADLINE_EXCEEDED"}
    others = {code: count for code, count in codes.items() if code not in foreseen}
    row = (
        f"{seconds / 60:g}", str(sum(codes.values())), str(others or "none"), f"{mib[0]:.0f}", f"{mib[-1]:.0f}",
        f"{slope:.2f}", files, threads,
    )  # fmt: skip
    return row, slope < MAX_SLOPE_MIB_A_MINUTE and warm[-1][2] <= warm[0][2] + 8 and not others


async def _call(stub: Any, chance: random.Random, codes: Counter[str]) -> None:
    """Make a call as games and impatient people do; a third of them leave before the end."""
    kind = chance.random()
    seed = chance.randrange(SEEDS)
    effect = chance.choice(list(EFFECTS))
    leave = chance.random() < 0.33
    try:
        if kind < 0.7:
            stream = stub.Render(pb.RenderRequest(effect=effect, seed=seed, duration_s=None), timeout=20)
            async for _ in stream:
                if leave and chance.random() < 0.3:
                    stream.cancel()
        elif kind < 0.85:
            await stub.Fetch(pb.FetchRequest(render=pb.RenderRequest(effect="footsteps", seed=seed)), timeout=20)
        elif kind < 0.95:
            await stub.ResolvePrompt(pb.ResolvePromptRequest(prompt=f"a {effect.replace('_', ' ')}"), timeout=20)
        else:
            await _live(stub, effect, leave)
    except grpc.aio.AioRpcError as error:
        codes[error.code().name] += 1
    except asyncio.CancelledError:
        codes["CANCELLED"] += 1
    else:
        codes["OK"] += 1


async def _live(stub: Any, effect: str, leave: bool) -> None:
    """Play one voice for half a second, and close or simply go."""
    stream = stub.Perform(timeout=20)
    await stream.write(pb.PerformRequest(id=1, open=pb.OpenSession()))
    await stream.write(pb.PerformRequest(id=2, start=pb.StartVoice(effect=effect)))
    frames = 0
    while frames < 24_000 and (response := await stream.read()) is not grpc.aio.EOF:
        if response.HasField("audio"):
            frames += len(response.audio.data) // 4
    if leave:
        stream.cancel()
        return
    await stream.done_writing()
    while await stream.read() is not grpc.aio.EOF:
        pass


def _look(server: ServerProcess) -> tuple[float, int, int]:
    """Return MiB, open files and threads of the server and the processes it started."""
    mib, files, threads = 0.0, 0, 0
    for process in _family(server.process.pid):
        status = dict(line.split(":", 1) for line in (process / "smaps_rollup").read_text().splitlines()[1:])
        mib += int(status["Pss"].split()[0]) / 1024
        files += len(list((process / "fd").iterdir()))
        threads += len(list((process / "task").iterdir()))
    return mib, files, threads


def _family(pid: int) -> list[Path]:
    """Return the process and all below it."""
    children = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()
    below = [each for child in children for each in _family(int(child))]
    return [Path("/proc") / str(pid), *below]


if __name__ == "__main__":
    main()
