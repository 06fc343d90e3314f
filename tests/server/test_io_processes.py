"""Several processes on one gRPC port."""

import os
import select
import signal
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import STOP_S, ServerProcess, rendered, until

TIMEOUT_S = 30.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("store"), "--io-processes=2", "--grace-s=5") as running:
        yield running


def test_calls_land_on_both_and_metrics_tell_them_apart(pair: ServerProcess) -> None:
    def land() -> bool:
        assert answered(pair.address)  # a connection each
        return all(calls(pair, number) > 0 for number in (0, 1))

    until(land, "both have answered", tries=200)
    assert pair.metric("swash_io_processes") == 2
    with urllib.request.urlopen(f"{pair.http}/metrics", timeout=TIMEOUT_S) as answer:
        lines = answer.read().decode().splitlines()
    assert sum(line.startswith("# TYPE swash_calls_total ") for line in lines) == 1
    limits = {n: pair.metric("swash_recording_limit_sounds", process=str(n)) for n in (0, 1)}
    assert limits == {0: 32, 1: 32}  # each has its half of 64


def test_one_that_is_killed_under_load_comes_back_and_all_end_in_order(pair: ServerProcess) -> None:
    (pid,) = others_of(pair.process.pid)
    done = threading.Event()
    codes: set[grpc.StatusCode] = set()

    def load() -> None:
        while not done.is_set():
            try:
                answered(pair.address)
            except grpc.RpcError as error:
                codes.add(error.code())

    callers = [threading.Thread(target=load) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        os.kill(pid, signal.SIGKILL)
        until(lambda: pair.metric("swash_io_restarts_total") == 1, "it is noticed")
        before = calls(pair, 1)
        until(lambda: calls(pair, 1) > before, "another answers in its place", tries=20_000)
    finally:
        done.set()
        for caller in callers:
            caller.join(TIMEOUT_S)
    assert codes <= {grpc.StatusCode.UNAVAILABLE}  # which clients try again
    (anew,) = others_of(pair.process.pid)
    assert anew != pid
    assert pair.metric("swash_io_processes") == 2
    assert pair.stop() == 0
    assert not Path(f"/proc/{anew}").exists()


def test_the_others_end_when_the_first_is_killed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--io-processes=2", "--grace-s=0") as server:
        (other,) = others_of(server.process.pid)
        watched = os.pidfd_open(other)
        server.kill()
        try:
            ended, _, _ = select.select([watched], [], [], STOP_S)
        finally:
            os.close(watched)
        assert ended


def calls(server: ServerProcess, number: int) -> float:
    return server.metric("swash_calls_total", process=str(number), method="Render", code="OK")


def answered(address: str) -> bool:
    """Have a sound rendered over a connection of its own: the kernel chooses who answers."""
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        request = pb.RenderRequest(effect="ui_click", seed=1)
        return rendered(SoundServiceStub(channel), request, timeout_s=TIMEOUT_S).trailer.frames > 0


def others_of(pid: int) -> list[int]:
    """Return the processes that share a server's port."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [child for child in children if b"io_process" in Path(f"/proc/{child}/cmdline").read_bytes()]
