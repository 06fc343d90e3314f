"""A thousand callers who leave, at any moment and by either door, leave nothing behind."""

import itertools
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import ServerProcess, rendered, until

CALLS = 1000
AT_ONCE = 20
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time
IDLE = ("swash_recording_sounds", "swash_waiting_sounds", "swash_live_sessions", "swash_live_voices")
MANIFEST = "swash: 1\nsounds:\n" + "".join(
    f"  - {{effect: rain, seed: {seed}, duration_s: 2}}\n" for seed in range(900, 906)
)

Caller: TypeAlias = Callable[[SoundServiceStub, random.Random], None]


@dataclass(frozen=True, slots=True)
class Held:
    """What a server holds."""

    tasks: int
    threads: int
    files: int
    processes: int


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server that callers leave."""
    with ServerProcess(tmp_path_factory.mktemp("store"), "--live-workers=1") as running:
        yield running


def held_by(server: ServerProcess) -> Held:
    process = Path(f"/proc/{server.process.pid}")
    threads = list((process / "task").iterdir())
    children: list[str] = []
    for thread in threads:
        with suppress(OSError):  # it has just ended
            children += (thread / "children").read_text().split()
    tasks = int(server.metric("swash_event_loop_tasks"))
    return Held(tasks, len(threads), len(list((process / "fd").iterdir())), len(children))


def rendered_a_little(stub: SoundServiceStub, chance: random.Random) -> None:
    """Ask for a sound, new or remembered, and leave after some messages or none."""
    seed = chance.choice((1, chance.randrange(2**32)))
    request = pb.RenderRequest(effect="rain", seed=seed, duration_s=chance.choice((0.5, 8.0)), takes=3)
    read_and_leave(stub.Render(request), chance.choice((0, 0, 1, 2, 5, 20)))


def preloaded_a_little(stub: SoundServiceStub, chance: random.Random) -> None:
    call = stub.Preload(pb.PreloadRequest(tag="left", manifest=MANIFEST))
    read_and_leave(call, chance.choice((0, 1, 2)))


def played_a_little(stub: SoundServiceStub, chance: random.Random) -> None:
    over, starts, ends = threading.Event(), chance.random() < 0.8, chance.random() < 0.1

    def requests() -> Iterator[pb.PerformRequest]:
        yield pb.PerformRequest(open=pb.OpenSession(ahead_ms=200))
        if starts:
            yield pb.PerformRequest(id=1, start=pb.StartVoice(voice=1, effect="rain"))
        if not ends:
            over.wait(60)

    # Without a voice nothing more comes than that the session is open.
    read_and_leave(stub.Perform(requests()), chance.choice((0, 1, 2, 4) if starts else (0, 1)))
    over.set()


def read_and_leave(call: Any, messages: int) -> None:
    with suppress(grpc.RpcError):
        for _ in itertools.islice(call, messages):
            pass
    call.cancel()


def web_caller(server: ServerProcess, method: str, requests: list[Any]) -> Caller:
    """Return a caller who breaks off anywhere: in the request's head, its body, or the answer."""
    host, _, port = server.http.removeprefix("http://").rpartition(":")

    def call(_stub: SoundServiceStub, chance: random.Random) -> None:
        message = chance.choice(requests).SerializeToString()
        body = b"\0" + len(message).to_bytes(4, "big") + message
        lines = (
            f"Host: localhost\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        request = f"POST /swash.v1.SoundService/{method} HTTP/1.1\r\n{lines}".encode() + body
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            if chance.random() < 0.3:
                connection.sendall(request[: chance.randrange(len(request))])
            else:
                connection.sendall(request)
                connection.recv(chance.choice((1, 100, 5000, 100_000)))
            if chance.random() < 0.5:  # closes with a reset
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return call


def kinds_of(server: ServerProcess) -> list[Caller]:
    renders = [pb.RenderRequest(effect="rain", seed=1, duration_s=length_s) for length_s in (0.5, 8.0)]
    return [
        rendered_a_little,
        preloaded_a_little,
        played_a_little,
        web_caller(server, "Render", renders),
        web_caller(server, "Preload", [pb.PreloadRequest(tag="left", manifest=MANIFEST)]),
        web_caller(server, "Listen", [pb.ListenRequest(open=pb.OpenSession())]),
    ]


def leave(server: ServerProcess, calls: int, seed: int) -> None:
    """Make so many calls, some at once, each left at a moment of chance."""
    kinds, numbers = kinds_of(server), iter(range(calls))  # of which each caller takes the next

    def one_after_another(caller: int) -> None:
        # Each over a connection of its own, which it leaves as well.
        chance = random.Random(seed * 1000 + caller)
        with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = SoundServiceStub(channel)
            for number in numbers:
                kinds[number % len(kinds)](stub, chance)

    with ThreadPoolExecutor(AT_ONCE) as callers:
        list(callers.map(one_after_another, range(AT_ONCE)))


def quiet(server: ServerProcess) -> bool:
    return all(server.metric(name) == 0 for name in IDLE)


def test_a_thousand_callers_who_leave_leave_nothing_behind(left: ServerProcess) -> None:
    leave(left, 120, seed=1)  # then pools have their threads, and live voices their process
    until(lambda: quiet(left), "all of it has stopped")
    before = held_by(left)
    leave(left, CALLS, seed=2)
    until(lambda: quiet(left), "all of it has stopped")
    until(lambda: held_by(left).tasks <= before.tasks, f"its tasks are as before: {before}")
    until(lambda: held_by(left).files <= before.files + 8, f"its files are, too: {before}")
    after = held_by(left)
    assert after.processes == before.processes
    assert after.threads <= before.threads + 4  # gRPC's core keeps some more for a while
    with left.stub() as stub:
        assert rendered(stub, pb.RenderRequest(effect="ui_click", seed=1)).trailer.frames > 0
    told = "".join(left.log)
    assert "Traceback" not in told
    assert '"ERROR"' not in told
    assert left.metric("swash_calls_total", code="INTERNAL") == 0
