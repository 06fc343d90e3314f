"""Sounds made by rule in threads beside the event loop, or in processes of their own: what a listener waits for.

Both servers run at once, so that whatever else the machine does meets both; calls go to them in turns.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measuring import percentiles_ms, ratio, table
from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import ServerProcess

ONE_SHOTS = ("footsteps", "impact", "ui_click", "glass_break")
COLD_CALLS = 60
CACHED_CALLS, CACHED_PER_S = 250, 50.0
BUSY_CLIENTS = 8
BUSY_S = 4.0  # of audio: some 70 ms of work
WAYS = ("thread", "process")


def main() -> None:
    """Print first frames of cold one-shots, and of cached sounds while others are made; then memory."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder)) as servers:
        _cold(servers)
        _cached_while_busy(servers)
        rows = [(way, f"{_pss_mib(server.process.pid):.0f} MiB") for way, server in servers.items()]
        table("Memory of all processes, what is shared counted once", ("made in", "PSS"), rows)


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, ServerProcess]]:
    servers: dict[str, ServerProcess] = {}
    try:
        for way in WAYS:
            servers[way] = ServerProcess(folder / way, f"--engines-in={way}")
        yield servers
    finally:
        for server in servers.values():
            server.stop()


def _cold(servers: dict[str, ServerProcess]) -> None:
    rows = []
    for effect in ONE_SHOTS:
        firsts: dict[str, list[float]] = {way: [] for way in WAYS}
        for seed in range(COLD_CALLS):
            for way in WAYS:
                with servers[way].stub() as stub:
                    stub.GetServerInfo(pb.GetServerInfoRequest())  # the connection is there
                    firsts[way].append(_first_s(stub, pb.RenderRequest(effect=effect, seed=seed)))
        thread, process = (firsts[way] for way in WAYS)
        rows.append((effect, percentiles_ms(thread), percentiles_ms(process), ratio(process, thread)))
    head = ("effect", "threads p50 / p99 ms", "processes p50 / p99 ms", "processes / threads")
    table(f"Cold one-shots, first frames, one client, {COLD_CALLS} calls each", head, rows)


def _cached_while_busy(servers: dict[str, ServerProcess]) -> None:
    """One way after the other: two servers that render would be measured as one busy machine."""
    rows = []
    for way in WAYS * 2:
        over = threading.Event()
        made = [0] * BUSY_CLIENTS
        clients = [
            threading.Thread(target=_keep_busy, args=(servers[way], number, over, made))
            for number in range(BUSY_CLIENTS)
        ]
        with servers[way].stub() as stub:
            request = pb.RenderRequest(effect="rain", seed=1, duration_s=1.0)
            _first_s(stub, request)
            for client in clients:
                client.start()
            began_s = time.perf_counter()
            firsts = list(_paced(stub, request))
            seconds = time.perf_counter() - began_s
            over.set()
        for client in clients:
            client.join()
        slowest = statistics.quantiles(firsts, n=100)[94]
        rows.append((way, percentiles_ms(firsts), f"{1000 * slowest:.1f}", f"{sum(made) / seconds:.1f}"))
    head = ("made in", "cached p50 / p99 ms", "p95 ms", "cold sounds a second")
    table(f"Cached sounds at {CACHED_PER_S:g} calls/s while {BUSY_CLIENTS} clients have sounds made", head, rows)


def _paced(stub: SoundServiceStub, request: pb.RenderRequest) -> Iterator[float]:
    began_s = time.perf_counter()
    for number in range(CACHED_CALLS):
        time.sleep(max(0.0, began_s + number / CACHED_PER_S - time.perf_counter()))
        yield _first_s(stub, request)


def _keep_busy(server: ServerProcess, number: int, over: threading.Event, made: list[int]) -> None:
    with server.stub() as stub:
        while not over.is_set():
            seed = int(time.monotonic_ns() % 2**31)
            _first_s(stub, pb.RenderRequest(effect="rain", seed=seed, duration_s=BUSY_S))
            made[number] += 1


def _first_s(stub: SoundServiceStub, request: pb.RenderRequest) -> float:
    """Return the time to the first audio; the rest is read too."""
    began_s = time.perf_counter()
    first_s = 0.0
    for event in stub.Render(request, timeout=60):
        if event.HasField("audio") and not first_s:
            first_s = time.perf_counter() - began_s
    return first_s


def _pss_mib(pid: int) -> float:
    """Return the memory of a process and of all below it, what several share divided among them."""
    own = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (kib,) = [int(line.split()[1]) for line in own.splitlines() if line.startswith("Pss:")]
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return kib / 1024 + sum(map(_pss_mib, children))


if __name__ == "__main__":
    main()
