"""Render through a real server: what a caller hears and is told."""

import hashlib
import io
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_server.caches.store import Store
from tests.hearing import correlation
from tests.serving import Answer, ServerProcess, rendered, takes

LONG = pb.RenderRequest(effect="rain", duration_s=120.0, sample_rate=96_000)


def waves(**fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(prompt="slow waves on a pebble beach", duration_s=2.0, **fields)


def pcm(answer: Answer) -> npt.NDArray[np.float64]:
    return np.asarray(np.frombuffer(answer.audio, "<i2").reshape(-1, answer.header.channels) / 32768.0)


def test_words_become_the_sound_they_name(server: ServerProcess) -> None:
    with server.stub() as stub:
        answer = rendered(stub, waves(seed=7))
    assert answer.header.layers[0].effect == "ocean_waves"
    assert answer.header.layers[0].ucs_cat_id == "WATRSurf"
    assert answer.header.seed == 7
    assert answer.header.channels == 2
    assert answer.header.frames == answer.trailer.frames == 96_000
    assert len(answer.audio) == 96_000 * 4
    assert answer.header.licence
    assert -60 < answer.trailer.loudness_lufs < -5
    assert answer.trailer.true_peak_dbtp <= -0.9
    assert answer.trailer.sha256 == hashlib.sha256(answer.audio).digest()


def test_frames_are_numbered_without_a_gap_and_the_first_message_is_small(server: ServerProcess) -> None:
    with server.stub() as stub:
        answer = rendered(stub, waves(seed=1))
    at = 0
    for message in answer.messages:
        assert message.first_frame == at
        at += len(message.data) // 4
    assert at == answer.trailer.frames
    assert len(answer.messages[0].data) <= 8192
    assert max(len(message.data) for message in answer.messages) <= 65_536


def test_the_same_request_is_remembered_in_memory_and_after_a_restart_on_disk(tmp_path: Path) -> None:
    request = waves(seed=11)
    with ServerProcess(tmp_path) as first, first.stub() as stub:
        made, again = rendered(stub, request), rendered(stub, request)
        assert first.stop() == 0
    with ServerProcess(tmp_path) as second, second.stub() as stub:
        stored, warm = rendered(stub, request), rendered(stub, request)
    assert [answer.header.cached for answer in (made, again, stored, warm)] == [
        pb.CACHED_NO, pb.CACHED_MEMORY, pb.CACHED_STORE, pb.CACHED_MEMORY,
    ]  # fmt: skip
    assert made.audio == again.audio == stored.audio == warm.audio
    assert made.trailer.loudness_lufs == stored.trailer.loudness_lufs


def test_a_kill_loses_no_finished_sound_and_leaves_no_torn_one(tmp_path: Path) -> None:
    finished, torn = waves(seed=21), pb.RenderRequest(effect="wind", duration_s=60.0, seed=22)
    with ServerProcess(tmp_path) as victim, victim.stub() as stub:
        before = rendered(stub, finished)
        call = stub.Render(torn)
        next(call), next(call)
        victim.kill()
    with ServerProcess(tmp_path) as heir, heir.stub() as stub:
        after = rendered(stub, finished)
        assert after.header.cached == pb.CACHED_STORE
        assert after.audio == before.audio
        whole = rendered(stub, torn)
        assert whole.header.cached == pb.CACHED_NO
        assert whole.trailer.frames == 60 * 48_000
        assert whole.trailer.sha256 == hashlib.sha256(whole.audio).digest()


def test_ten_callers_at_once_cost_one_render(server: ServerProcess) -> None:
    request = pb.RenderRequest(effect="fire", duration_s=30.0, seed=31)
    before = server.metric("swash_render_seconds_count")
    with server.stub() as stub, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: rendered(stub, request), range(10)))
    assert len({answer.audio for answer in answers}) == 1
    assert server.metric("swash_render_seconds_count") - before == 1
    assert {answer.header.cached for answer in answers} <= {pb.CACHED_NO, pb.CACHED_JOINED, pb.CACHED_MEMORY}
    assert sum(answer.header.cached == pb.CACHED_NO for answer in answers) == 1


def test_when_the_last_caller_leaves_the_render_stops(server: ServerProcess) -> None:
    request = pb.RenderRequest(effect="rain", duration_s=120.0, seed=41)
    stopped = server.metric("swash_stopped_renders_total")
    with server.stub() as stub:
        first, second = stub.Render(request), stub.Render(request)
        next(first), next(second)
        first.cancel()
        assert next(second).HasField("audio")
        assert server.metric("swash_recording_sounds") == 1
        second.cancel()
        # The next call waits for a turn behind the stopped render, if that were still running.
        rendered(stub, waves(seed=42))
        until_equal(lambda: server.metric("swash_recording_sounds"), 0)
    assert server.metric("swash_stopped_renders_total") == stopped + 1


def until_equal(read: object, expected: float) -> None:
    """Ask again, at most some hundred times: each answer comes over a socket and takes its time."""
    for _ in range(500):
        if read() == expected:  # type: ignore[operator]
            return
    raise AssertionError(f"never became {expected}")


def test_a_deadline_ends_the_call_and_the_work(server: ServerProcess) -> None:
    with server.stub() as stub:
        with pytest.raises(grpc.RpcError) as error:
            takes(stub, pb.RenderRequest(effect="rain", duration_s=120.0, seed=51, takes=32), timeout_s=0.5)
        assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        until_equal(lambda: server.metric("swash_recording_sounds"), 0)


def test_takes_share_the_object_and_count_the_seed_up(server: ServerProcess) -> None:
    request = pb.RenderRequest(effect="footsteps/heavy_boots_gravel", takes=4, seed=2**32 - 2, object_seed=5)
    with server.stub() as stub:
        answers = takes(stub, request)
        alone = rendered(stub, pb.RenderRequest(effect="footsteps/heavy_boots_gravel", seed=1, object_seed=5))
    assert [answer.header.seed for answer in answers] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert [answer.header.take for answer in answers] == [0, 1, 2, 3]
    assert {answer.header.object_seed for answer in answers} == {5}
    assert len({answer.audio for answer in answers}) == 4
    assert answers[3].audio == alone.audio


def test_a_seed_that_was_chosen_can_be_asked_for_again(server: ServerProcess) -> None:
    with server.stub() as stub:
        chosen, other = rendered(stub, waves()), rendered(stub, waves())
        again = rendered(stub, waves(seed=chosen.header.seed))
    assert chosen.header.seed != other.header.seed
    assert again.audio == chosen.audio


@pytest.mark.parametrize("sample_rate", [8000, 22_050, 44_100, 48_000, 96_000])
def test_every_sample_rate_gives_the_exact_length(server: ServerProcess, sample_rate: int) -> None:
    request = pb.RenderRequest(effect="wind", duration_s=1.5, seed=1, sample_rate=sample_rate, channels=1)
    with server.stub() as stub:
        answer = rendered(stub, request)
    assert answer.header.sample_rate == sample_rate
    assert answer.trailer.frames == len(answer.audio) // 2 == round(1.5 * sample_rate)


def test_one_shots_are_mono_and_beds_stereo_unless_asked(server: ServerProcess) -> None:
    with server.stub() as stub:
        assert rendered(stub, pb.RenderRequest(effect="impact", seed=1)).header.channels == 1
        assert rendered(stub, pb.RenderRequest(effect="impact", seed=1, channels=2)).header.channels == 2
        assert rendered(stub, pb.RenderRequest(effect="rain", seed=1, duration_s=1.0)).header.channels == 2


@pytest.mark.parametrize(
    ("encoding", "rate", "exact"),
    [
        (pb.ENCODING_WAV, 44_100, True),
        (pb.ENCODING_FLAC, 44_100, True),
        (pb.ENCODING_OGG_VORBIS, 44_100, False),
        (pb.ENCODING_OGG_OPUS, 48_000, False),
    ],
)
def test_files_decode_to_the_sound(server: ServerProcess, encoding: int, rate: int, exact: bool) -> None:
    with server.stub() as stub:
        samples = pcm(rendered(stub, waves(seed=61, sample_rate=rate)))
        answer = rendered(stub, waves(seed=61, sample_rate=rate, encoding=encoding))
    decoded, decoded_rate = soundfile.read(io.BytesIO(answer.audio), always_2d=True)
    assert decoded_rate == rate
    assert len(decoded) == len(samples) == answer.trailer.frames
    if exact:
        np.testing.assert_array_equal(decoded, samples)
    else:
        assert correlation(decoded.ravel(), samples.ravel()) > 0.9


@pytest.mark.parametrize("encoding", [pb.ENCODING_PCM_S16LE, pb.ENCODING_WAV])
def test_a_long_bed_is_heard_while_it_is_made(server: ServerProcess, encoding: pb.Encoding.ValueType) -> None:
    with server.stub() as stub:
        call = stub.Render(pb.RenderRequest(effect="rain", duration_s=120.0, seed=64, encoding=encoding))
        assert next(call).header.frames == 120 * 48_000
        assert next(call).audio.data
        assert server.metric("swash_recording_sounds") == 1
        call.cancel()
        until_equal(lambda: server.metric("swash_recording_sounds"), 0)


def test_floats_are_the_integers_before_rounding(server: ServerProcess) -> None:
    with server.stub() as stub:
        whole = pcm(rendered(stub, waves(seed=62)))
        answer = rendered(stub, waves(seed=62, encoding=pb.ENCODING_PCM_F32LE))
    floats = np.frombuffer(answer.audio, "<f4").reshape(-1, 2)
    np.testing.assert_allclose(floats, whole, atol=1.0 / 32_000)
    assert answer.trailer.sha256 == hashlib.sha256(answer.audio).digest()


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_a_loop_says_where_it_repeats_and_its_file_too(server: ServerProcess, sample_rate: int) -> None:
    asked = {"effect": "rain", "duration_s": 2.0, "seed": 71, "loop": True, "sample_rate": sample_rate}
    with server.stub() as stub:
        loop = rendered(stub, pb.RenderRequest(**asked))  # type: ignore[arg-type]
        file = rendered(stub, pb.RenderRequest(**asked, encoding=pb.ENCODING_WAV))  # type: ignore[arg-type]
        plain = rendered(stub, pb.RenderRequest(effect="impact", seed=1, encoding=pb.ENCODING_WAV))
    assert (loop.header.loop.start_frame, loop.header.loop.end_frame) == (0, loop.trailer.frames)
    assert loop.trailer.frames == 2 * sample_rate
    chunk = file.audio.index(b"smpl")
    kind, start, end = struct.unpack_from("<3I", file.audio, chunk + 8 + 36 + 4)
    assert (kind, start, end) == (0, 0, loop.trailer.frames - 1)  # forward; `smpl` includes its last frame
    assert b"smpl" not in plain.audio
    assert not plain.header.HasField("loop")
    samples = pcm(loop)
    steps = np.abs(np.diff(samples, axis=0))
    assert (np.abs(samples[0] - samples[-1]) <= np.percentile(steps, 99.9, axis=0)).all()


def test_a_broken_stream_goes_on_where_it_broke(server: ServerProcess) -> None:
    with server.stub() as stub:
        whole = rendered(stub, waves(seed=81))
        rest = rendered(stub, waves(seed=81, first_frame=54_321))
    assert rest.messages[0].first_frame == 54_321
    assert rest.audio == whole.audio[54_321 * 4 :]
    assert rest.trailer.sha256 == whole.trailer.sha256


def test_a_loudness_target_is_reached_under_the_ceiling(server: ServerProcess) -> None:
    request = pb.RenderRequest(effect="rain", duration_s=4.0, seed=91, loudness_lufs=-20.0, ceiling_dbtp=-3.0)
    with server.stub() as stub:
        answer = rendered(stub, request)
    assert answer.trailer.loudness_lufs == pytest.approx(-20.0, abs=0.5)
    assert answer.trailer.true_peak_dbtp <= -2.9


def test_resolve_says_what_render_would_play(server: ServerProcess) -> None:
    with server.stub() as stub:
        understood = stub.ResolvePrompt(pb.ResolvePromptRequest(prompt="light drizzle on a tin roof"))
        played = rendered(stub, pb.RenderRequest(prompt="light drizzle on a tin roof", duration_s=1.0, seed=1))
        nothing = stub.ResolvePrompt(pb.ResolvePromptRequest(prompt="xyzzy plugh"))
    assert understood.layers[0].effect == "rain"
    assert understood.layers[0].parameters["surface"].choice == "metal"
    assert list(understood.layers) == list(played.header.layers)
    assert not nothing.layers
    assert len(nothing.suggestions) == 3
    assert set(nothing.unknown_words) == {"xyzzy", "plugh"}


def test_the_catalogue_is_enough_to_build_an_inspector(server: ServerProcess) -> None:
    with server.stub() as stub:
        effects = stub.ListEffects(pb.ListEffectsRequest()).effects
    assert {effect.id for effect in effects} >= {"footsteps", "rain", "wind", "thunder", "ui_click"}
    for effect in effects:
        assert effect.kind != pb.EFFECT_KIND_UNSPECIFIED
        assert effect.presets
        for parameter in effect.parameters:
            assert parameter.choices or parameter.minimum <= parameter.default_number <= parameter.maximum


def test_the_server_tells_engines_formats_and_limits(server: ServerProcess) -> None:
    with server.stub() as stub:
        info = stub.GetServerInfo(pb.GetServerInfoRequest())
    states = {engine.name: engine.state for engine in info.engines}
    assert states == {"procedural": pb.ENGINE_STATE_READY, "stable_audio": pb.ENGINE_STATE_ABSENT}
    assert len(info.encodings) == 6
    assert info.limits.max_takes == 32


def test_health_and_reflection_answer(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for service in ("", "swash.v1.SoundService"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert "swash.v1.SoundService" in services


def test_a_full_server_refuses_at_once_and_says_when_to_come_back(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--max-recordings=1", "--max-queue=0") as small, small.stub() as stub:
        busy = stub.Render(LONG)
        next(busy)
        with pytest.raises(grpc.RpcError) as error:
            rendered(stub, waves(seed=1))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert isinstance(error.value, grpc.Call)
        status = rpc_status.from_call(error.value)
        retry = error_details_pb2.RetryInfo()
        assert status.details[0].Unpack(retry)
        assert retry.retry_delay.seconds >= 1
        with grpc.insecure_channel(small.address) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        busy.cancel()
        until_equal(lambda: small.metric("swash_recording_sounds"), 0)
        rendered(stub, waves(seed=1))


def test_a_full_server_still_gives_what_the_store_remembers(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as first, first.stub() as stub:
        made = rendered(stub, waves(seed=2))
        first.stop()
    with ServerProcess(tmp_path, "--max-recordings=1") as full, full.stub() as stub:
        busy = stub.Render(LONG)
        next(busy)
        again = rendered(stub, waves(seed=2))
        assert again.header.cached == pb.CACHED_STORE
        assert again.audio == made.audio
        busy.cancel()


def test_a_sound_stored_with_other_facts_is_made_again(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as first, first.stub() as stub:
        made = rendered(stub, waves(seed=3))
        first.stop()
    store = Store(tmp_path, 2**30)
    (file,) = tmp_path.rglob("*.swash")
    stored = store.get(file.stem)
    assert stored is not None
    assert store.put(file.stem, replace(stored, meta={"facts": {"colour": "blue"}}))
    store.close()
    with ServerProcess(tmp_path) as second, second.stub() as stub:
        again = rendered(stub, waves(seed=3))
    assert again.header.cached == pb.CACHED_NO
    assert again.audio == made.audio


def test_a_call_in_flight_ends_whole_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as leaving, grpc.insecure_channel(leaving.address) as channel:
        call = SoundServiceStub(channel).Render(pb.RenderRequest(effect="rain", duration_s=20.0, seed=1))
        events = [next(call), next(call)]
        with ThreadPoolExecutor(1) as pool:
            status = pool.submit(leaving.stop)
            events += list(call)
            assert status.result() == 0
    assert events[-1].HasField("trailer")
    assert events[-1].trailer.frames == 20 * 48_000


def test_a_second_server_on_the_same_port_says_so(server: ServerProcess, tmp_path: Path) -> None:
    port = server.address.rpartition(":")[2]
    with pytest.raises(RuntimeError, match="cannot listen on"):
        ServerProcess(tmp_path, f"--grpc-port={port}")


def test_metrics_count_what_was_asked_and_made(server: ServerProcess) -> None:
    before = server.metric("swash_calls_total", method="Render", code="OK")
    made = server.metric("swash_audio_seconds_total", engine="procedural")
    with server.stub() as stub:
        rendered(stub, waves(seed=101))
        rendered(stub, waves(seed=101))
    assert server.metric("swash_calls_total", method="Render", code="OK") == before + 2
    assert server.metric("swash_audio_seconds_total", engine="procedural") == pytest.approx(made + 2.0)
    assert server.metric("swash_cache_lookups_total", cached="memory") >= 1
    assert server.metric("swash_first_frames_seconds_count", cached="no") >= 1
    assert server.metric("swash_cache_bytes", tier="memory") > 0
    assert server.metric("swash_cache_bytes", tier="store") > 0
