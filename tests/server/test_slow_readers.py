"""Callers who do not read: they cost little, and do not keep what they asked for for ever."""

import itertools
import queue
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import ServerProcess, rendered, until
from tests.web_calls import WebCall

MIB = 1024 * 1024
READERS = 32
FRAMES_A_SECOND = 48_000
LONG = pb.RenderRequest(effect="rain", seed=5, duration_s=60.0)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server that waits one second for a reader."""
    with ServerProcess(tmp_path_factory.mktemp("store"), "--stall-s=1", "--live-workers=1") as running:
        yield running


def resident_bytes(server: ServerProcess) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def channel_to(server: ServerProcess) -> grpc.Channel:
    # So small a window that what is on its way is soon all there may be.
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.http2.lookahead_bytes", 65_536),
        ("grpc.http2.bdp_probe", 0),
    ]
    return grpc.insecure_channel(server.address, options)


def test_32_readers_who_stall_cost_little(server: ServerProcess) -> None:
    with server.stub() as stub:
        rendered(stub, LONG)
    before = resident_bytes(server)
    with ExitStack() as stack:
        calls = []
        for _ in range(READERS):
            channel = stack.enter_context(
                grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])
            )
            calls.append(SoundServiceStub(channel).Render(LONG, timeout=60))
        for call in calls:
            assert sum(1 for _ in itertools.islice(call, 3)) == 3
        with server.stub() as stub:
            rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))  # others are served meanwhile
        assert resident_bytes(server) - before < READERS * MIB
        for call in calls:
            call.cancel()


def test_whoever_stalls_is_cut_off_by_either_door(impatient: ServerProcess) -> None:
    with impatient.stub() as stub:
        rendered(stub, LONG)
    cut_off = impatient.metric("swash_door_refused_total", reason="stalled")
    host, _, port = impatient.http.removeprefix("http://").rpartition(":")
    message = LONG.SerializeToString()
    with channel_to(impatient) as channel, socket.socket() as connection:
        call = SoundServiceStub(channel).Render(LONG, timeout=60)
        next(call)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect((host, int(port)))
        head = f"Content-Type: application/connect+proto\r\nContent-Length: {len(message) + 5}\r\n\r\n"
        body = b"\0" + len(message).to_bytes(4, "big") + message
        connection.sendall(
            b"POST /swash.v1.SoundService/Render HTTP/1.1\r\nHost: localhost\r\n" + head.encode() + body
        )
        until(
            lambda: impatient.metric("swash_door_refused_total", reason="stalled") >= cut_off + 2,
            "both are cut off",
        )
        with pytest.raises(grpc.RpcError) as error:
            list(call)  # whoever reads on is told
    assert error.value.code() is grpc.StatusCode.ABORTED


def test_whoever_reads_slowly_but_reads_hears_all(impatient: ServerProcess) -> None:
    with impatient.stub() as stub:
        whole = rendered(stub, LONG)
    with channel_to(impatient) as channel:
        audio = b""
        for event in SoundServiceStub(channel).Render(LONG, timeout=60):
            impatient.metric("swash_build_info")  # takes its time over each message
            audio += event.audio.data
    assert audio == whole.audio


def test_a_live_listener_who_stalls_loses_its_voices(impatient: ServerProcess) -> None:
    commands: queue.Queue[pb.PerformRequest | None] = queue.Queue()
    commands.put(
        pb.PerformRequest(open=pb.OpenSession(ahead_ms=2000, sample_rate=96_000, encoding=pb.ENCODING_PCM_F32LE))
    )
    commands.put(pb.PerformRequest(id=1, start=pb.StartVoice(voice=1, effect="rain")))
    with channel_to(impatient) as channel:
        call = SoundServiceStub(channel).Perform(iter(commands.get, None), timeout=60)
        try:
            next(call)
            until(lambda: impatient.metric("swash_live_voices") == 1, "it sounds")
            until(lambda: impatient.metric("swash_live_voices") == 0, "it is silent")
            until(lambda: impatient.metric("swash_live_sessions") == 0, "the session is over")
        finally:
            commands.put(None)
            call.cancel()


def test_a_live_session_is_never_more_than_two_seconds_ahead(impatient: ServerProcess) -> None:
    for ahead_ms in (2001, 60_000):
        with impatient.stub() as stub, pytest.raises(grpc.RpcError) as error:
            list(stub.Perform(iter([pb.PerformRequest(open=pb.OpenSession(ahead_ms=ahead_ms))]), timeout=30))
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    listen = WebCall(
        impatient.http, "Listen", pb.ListenRequest(open=pb.OpenSession(ahead_ms=2000)).SerializeToString()
    )
    events = iter(listen)
    name = next(events).opened.session
    with impatient.stub() as stub:
        start = pb.PerformRequest(id=1, start=pb.StartVoice(voice=1, effect="rain"))
        stub.Control(pb.ControlRequest(session=name, requests=[start]), timeout=30)
        began_s = time.monotonic()
        frames = 0
        while frames < 5 * FRAMES_A_SECOND:
            frames = max(frames, next(events).audio.first_frame)
            assert frames <= (time.monotonic() - began_s + 2.0) * FRAMES_A_SECOND
    listen.cancel()
    listen.close()
