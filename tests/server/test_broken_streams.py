"""Broken connections: what was heard can be gone on from, to the byte, and the log stays quiet."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.fault_proxy import FaultProxy, Faults
from tests.serving import Answer, ServerProcess, rendered, until
from tests.web_calls import WebCall

FRAME_BYTES = 4  # 16-bit stereo
RAIN = pb.RenderRequest(effect="rain", seed=11, duration_s=4.0)


@contextmanager
def through(proxy: FaultProxy) -> Iterator[SoundServiceStub]:
    with grpc.insecure_channel(proxy.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield SoundServiceStub(channel)


def heard(events: Iterable[pb.RenderResponse]) -> tuple[pb.Header, bytes, grpc.StatusCode]:
    """Return the header, the audio and how the call ended, which may be in the middle."""
    header, audio, code = pb.Header(), b"", grpc.StatusCode.OK
    try:
        for event in events:
            if event.HasField("header"):
                header = event.header
            audio += event.audio.data
    except grpc.RpcError as broken:
        code = broken.code()
    return header, audio, code


def test_what_broke_off_goes_on_at_a_frame_to_the_byte(server: ServerProcess) -> None:
    with server.stub() as stub:
        whole = rendered(stub, RAIN)
    asked = pb.RenderRequest()
    asked.CopyFrom(RAIN)
    asked.ClearField("seed")  # the server chooses, and tells it in the header
    with FaultProxy(server.address, Faults(reset_after_bytes=200_000)) as proxy, through(proxy) as stub:
        header, audio, code = heard(stub.Render(asked, timeout=30))
        assert (code, proxy.resets) == (grpc.StatusCode.UNAVAILABLE, 1)
        assert 0 < len(audio) < len(whole.audio)
        asked.seed = header.seed
        asked.first_frame = len(audio) // FRAME_BYTES
        proxy.faults = Faults()
        rest = rendered(stub, asked)
    resumed = audio[: asked.first_frame * FRAME_BYTES] + rest.audio
    assert rest.messages[0].first_frame == asked.first_frame
    assert hashlib.sha256(resumed).digest() == rest.trailer.sha256
    with server.stub() as stub:
        asked.ClearField("first_frame")
        assert rendered(stub, asked).audio == resumed


def test_a_sound_that_breaks_off_again_and_again_is_the_unbroken_one(server: ServerProcess) -> None:
    with server.stub() as stub:
        whole = rendered(stub, RAIN)
    with FaultProxy(server.address, Faults(reset_after_bytes=150_000)) as proxy, through(proxy) as stub:
        audio, asked = b"", pb.RenderRequest()
        asked.CopyFrom(RAIN)
        code: grpc.StatusCode | None = None
        while code is not grpc.StatusCode.OK and proxy.resets < 20:
            asked.first_frame = len(audio) // FRAME_BYTES
            _, more, code = heard(stub.Render(asked, timeout=30))
            assert code in {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
            audio = audio[: asked.first_frame * FRAME_BYTES] + more
        assert proxy.resets > 2
    assert audio == whole.audio


def test_over_http_what_broke_off_goes_on_too(server: ServerProcess) -> None:
    with server.stub() as stub:
        whole = rendered(stub, RAIN)
    with FaultProxy(server.http.removeprefix("http://"), Faults(reset_after_bytes=100_000)) as proxy:
        _, audio, code = heard(WebCall(f"http://{proxy.address}", "Render", RAIN.SerializeToString()))
        assert code is grpc.StatusCode.UNAVAILABLE
        proxy.faults = Faults()
        asked = pb.RenderRequest()
        asked.CopyFrom(RAIN)
        asked.first_frame = len(audio) // FRAME_BYTES
        rest = Answer(list(WebCall(f"http://{proxy.address}", "Render", asked.SerializeToString())))
    assert audio[: asked.first_frame * FRAME_BYTES] + rest.audio == whole.audio


@pytest.mark.parametrize("faults", [Faults(delay_s=0.02), Faults(bytes_a_second=400_000)], ids=["late", "narrow"])
def test_a_bad_line_changes_nothing_but_time(server: ServerProcess, faults: Faults) -> None:
    request = pb.RenderRequest(effect="rain", seed=12, duration_s=1.0)
    with server.stub() as stub:
        whole = rendered(stub, request)
    with FaultProxy(server.address, faults) as proxy, through(proxy) as stub:
        assert rendered(stub, request).audio == whole.audio


def test_whoever_falls_silent_is_told_by_the_deadline_and_the_work_stops(server: ServerProcess) -> None:
    with FaultProxy(server.address) as proxy, through(proxy) as stub:
        call = stub.Render(pb.RenderRequest(effect="rain", seed=13, duration_s=120.0, takes=32), timeout=3)
        next(call)
        proxy.faults = Faults(silent=True)
        with pytest.raises(grpc.RpcError) as error:
            list(call)
        assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    until(lambda: server.metric("swash_recording_sounds") == 0, "the work has stopped")


def test_broken_connections_leave_no_traceback_in_the_log(server: ServerProcess) -> None:
    began = len(server.log)
    long = pb.RenderRequest(effect="rain", seed=14, duration_s=60.0)
    with server.stub() as stub:
        rendered(stub, long)  # remembered, it comes faster than it is read, and writing waits
    left = server.metric("swash_calls_total", method="Render", code="CANCELLED")
    for number in range(10):
        faults = Faults(reset_after_bytes=100_000 * number + 50_000)
        with FaultProxy(server.address, faults) as proxy, through(proxy) as stub:
            assert heard(stub.Render(long, timeout=30))[2] is grpc.StatusCode.UNAVAILABLE
    with server.stub() as stub:
        for _ in range(10):
            call = stub.Render(long, timeout=30)
            next(call)
            call.cancel()
    until(
        lambda: server.metric("swash_calls_total", method="Render", code="CANCELLED") >= left + 20,
        "the calls have ended",
    )
    with server.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
    told = "".join(server.log[began:])
    assert "Traceback" not in told
    assert "ERROR" not in told
