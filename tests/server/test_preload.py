"""Preload and Unload through a real server: what is kept, for how long, and what is said of it."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import NEURAL_ENGINE, Engines, load_engines
from swash_server.making.quality import next_seed
from tests.server.bad_engine import BadEngine, Script
from tests.server.hand_engine import HandEngine
from tests.serving import ServerProcess, ServerThread, rendered, until

BEACH = """
swash: 1
tag: beach
defaults: {sample_rate: 44100}
sounds:
  - {name: surf, prompt: slow waves on a pebble beach, duration_s: 1, seed: 5}
  - {name: steps, effect: footsteps/heavy_boots_gravel, takes: 3, object_seed: 4, encoding: flac}
  - {name: click, effect: ui_click}
"""
SURF = pb.RenderRequest(prompt="slow waves on a pebble beach", duration_s=1.0, seed=5, sample_rate=44_100)


def preloaded(stub: SoundServiceStub, manifest: str, tag: str = "", **fields: Any) -> list[pb.PreloadResponse]:
    return list(stub.Preload(pb.PreloadRequest(manifest=manifest, tag=tag, **fields), timeout=60))


def takes_of(responses: list[pb.PreloadResponse]) -> list[pb.PreloadedTake]:
    return [response.take for response in responses if response.HasField("take")]


def refused(stub: SoundServiceStub, manifest: str, tag: str = "") -> tuple[grpc.StatusCode, str, list[str]]:
    """Return what a Preload is refused with: its code, its message, and field by field what is wrong."""
    with pytest.raises(grpc.RpcError) as error:
        preloaded(stub, manifest, tag)
    assert isinstance(error.value, grpc.Call)
    status = rpc_status.from_call(error.value)
    assert status is not None
    bad = error_details_pb2.BadRequest()
    if status.details:
        assert status.details[0].Unpack(bad)
    return (
        error.value.code(),
        status.message,
        [f"{each.field}: {each.description}" for each in bad.field_violations],
    )


def rain(count: int, duration_s: float = 1.0, extra: str = "") -> str:
    """Return a manifest of different rain, each some 384 KB a second."""
    sounds = "".join(f"  - {{effect: rain, seed: {seed}, duration_s: {duration_s}}}\n" for seed in range(count))
    return f"swash: 1\n{extra}\nsounds:\n{sounds}"


def test_a_preloaded_sound_is_a_hit_in_memory_and_after_a_restart_in_the_store(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as first, first.stub() as stub:
        responses = preloaded(stub, BEACH)
        takes = takes_of(responses)
        assert [response.done for response in responses] == [1, 2, 3, 4, 5]
        assert {response.total for response in responses} == {5}
        assert {(response.sound, response.name) for response in responses} == {
            (0, "surf"),
            (1, "steps"),
            (2, "click"),
        }
        assert {take.cached for take in takes} == {pb.CACHED_NO}
        assert not any(take.failure for take in takes)
        heard = rendered(stub, SURF)
        assert heard.header.cached == pb.CACHED_MEMORY
        assert heard.header.key in {take.key for take in takes}
        assert first.metric("swash_pinned_takes") == 5
        assert first.metric("swash_pinned_bytes") > 44_100 * 8
        assert first.metric("swash_preloads_total", outcome="made") == 5
        assert first.stop() == 0
    with ServerProcess(tmp_path) as second, second.stub() as stub:
        assert second.metric("swash_pinned_takes") == 5
        again = rendered(stub, SURF)
        assert again.header.cached == pb.CACHED_STORE
        assert again.audio == heard.audio
        found = takes_of(preloaded(stub, BEACH))
        assert {take.cached for take in found} <= {pb.CACHED_STORE, pb.CACHED_MEMORY}
        assert {take.key for take in found} == {take.key for take in takes}
        assert second.metric("swash_preloads_total", outcome="found") == 5


def test_takes_of_a_preload_are_those_of_a_render(server: ServerProcess) -> None:
    request = pb.RenderRequest(effect="footsteps/heavy_boots_gravel", takes=3, object_seed=4, sample_rate=44_100)
    with server.stub() as stub:
        takes = takes_of(preloaded(stub, BEACH, "takes"))
        steps = {take.take: take for take in takes if take.seed in {0, 1, 2} and take.key}
        for number in range(3):
            alone = pb.RenderRequest(effect=request.effect, seed=number, object_seed=4, sample_rate=44_100)
            assert rendered(stub, alone).header.key in {take.key for take in takes}
        assert steps
        stub.Unload(pb.UnloadRequest(tag="takes"))


def test_a_file_is_ready_before_it_is_asked_for(server: ServerProcess) -> None:
    manifest = "swash: 1\nsounds: [{effect: wind, duration_s: 2, encoding: ogg_vorbis, seed: 77}]"
    request = pb.RenderRequest(effect="wind", duration_s=2.0, seed=77, encoding=pb.ENCODING_OGG_VORBIS)
    with server.stub() as stub:
        before = server.metric("swash_cache_bytes", tier="memory")
        preloaded(stub, manifest, "file")
        held = server.metric("swash_cache_bytes", tier="memory") - before
        answer = rendered(stub, request)
        assert answer.header.cached == pb.CACHED_MEMORY
        assert held >= 2 * 48_000 * 8 + len(answer.audio)  # the samples and the file
        stub.Unload(pb.UnloadRequest(tag="file"))


def test_bare_requests_are_preloaded_with_seed_0_where_none_is_said(server: ServerProcess) -> None:
    sounds = pb.PreloadSounds(
        sounds=[pb.RenderRequest(effect="impact"), pb.RenderRequest(effect="impact", seed=9)]
    )
    with server.stub() as stub:
        takes = takes_of(list(stub.Preload(pb.PreloadRequest(tag="bare", sounds=sounds), timeout=60)))
        assert sorted(take.seed for take in takes) == [0, 9]
        assert rendered(stub, pb.RenderRequest(effect="impact", seed=0)).header.cached == pb.CACHED_MEMORY
        assert stub.Unload(pb.UnloadRequest(tag="bare")).takes == 2


def test_every_wrong_line_is_told_at_once_and_nothing_is_made(server: ServerProcess) -> None:
    manifest = """
swash: 1
sounds:
  - {effect: rain, duration_s: 1}
  - {effect: rain, duration_s: 500}
  - {effect: rain, parameters: {intensity: 9}}
  - {effect: vuvuzela}
  - {prompt: xyzzy plugh}
  - {effect: ui_click, loop: true}
  - {effect: rain, steps: 8}
  - {effect: rain, init_audio: a.wav}
"""
    with server.stub() as stub:
        made = server.metric("swash_render_seconds_count")
        code, message, wrong = refused(stub, manifest.replace("500", "50"), "wrong")
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert [line.partition(":")[0] for line in wrong] == [
            "sounds[2].parameters[intensity]",
            "sounds[3].effect",
            "sounds[4].prompt",
            "sounds[5].loop",
            "sounds[6].steps",
            "sounds[7].init_audio",
        ]
        assert message.splitlines()[0] == "sounds[2].parameters[intensity]: a number from 0 to 1, got 9"
        assert refused(stub, manifest, "wrong")[2] == ["sounds[1].duration_s: above 0 and at most 120, got 500"]
        assert refused(stub, rain(1))[2] == ["tag: 1 to 100 characters, got none"]
        assert refused(stub, "swash: 1\nsounds:\n" + "- {}\n" * 50, "t")[2][19:] == [
            "sounds[19]: a prompt or an effect, got neither"
        ]
        assert server.metric("swash_render_seconds_count") == made


def test_the_longest_message_still_fits_among_the_headers_of_a_call(server: ServerProcess) -> None:
    worst = "swash: 1\nsounds:\n" + f"- {{effect: {'é' * 150}, engine: {'波' * 300}}}\n" * 30
    with server.stub() as stub:
        code, message, wrong = refused(stub, worst, "é" * 100)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(message) <= 900
    assert len(wrong) > 3


def test_an_engine_that_is_not_here_is_said_before_any_work(server: ServerProcess) -> None:
    neural = (
        "swash: 1\nsounds:\n- {effect: rain, duration_s: 1, seed: 4242}\n- {prompt: rain, engine: stable_audio}"
    )
    with server.stub() as stub:
        code, message, _ = refused(stub, neural, "neural")
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert "sounds[1]" in message
        assert "--model" in message
        assert (
            rendered(stub, pb.RenderRequest(effect="rain", duration_s=1.0, seed=4242)).header.cached
            == pb.CACHED_NO
        )
        fallback = neural.replace("stable_audio}", "stable_audio, fallback: true, duration_s: 1}")
        assert not any(take.failure for take in takes_of(preloaded(stub, fallback, "neural")))
        stub.Unload(pb.UnloadRequest(tag="neural"))


def test_pinned_sounds_stay_while_others_push_each_other_out(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--store-mib=8", "--memory-mib=1") as small, small.stub() as stub:
        preloaded(stub, rain(4), "level")
        for seed in range(100, 140):  # 15 MiB
            rendered(stub, pb.RenderRequest(effect="wind", duration_s=1.0, seed=seed))
        assert small.metric("swash_cache_bytes", tier="store") <= 8 * 2**20
        again = takes_of(preloaded(stub, rain(4), "level"))
        assert {take.cached for take in again} == {pb.CACHED_STORE}
        answer = stub.Unload(pb.UnloadRequest(tag="level"))
        assert answer.takes == 4
        assert answer.stored_bytes > 4 * 48_000 * 8
        assert small.metric("swash_pinned_takes") == 0
        for seed in range(200, 240):
            rendered(stub, pb.RenderRequest(effect="wind", duration_s=1.0, seed=seed))
        rain_0 = pb.RenderRequest(effect="rain", duration_s=1.0, seed=0)
        assert rendered(stub, rain_0).header.cached == pb.CACHED_NO


def test_a_sound_under_two_tags_stays_while_one_holds_it(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.stub() as stub:
        preloaded(stub, rain(3), "one")
        preloaded(stub, rain(2), "two")
        assert server.metric("swash_pinned_takes") == 3
        assert stub.Unload(pb.UnloadRequest(tag="one")).takes == 1
        assert server.metric("swash_pinned_takes") == 2
        assert stub.Unload(pb.UnloadRequest(tag="two")).takes == 2
        assert server.metric("swash_pinned_takes") == server.metric("swash_pinned_bytes") == 0
        with pytest.raises(grpc.RpcError) as error:
            stub.Unload(pb.UnloadRequest(tag="two"))
        assert error.value.code() is grpc.StatusCode.NOT_FOUND


def test_without_a_store_pinned_sounds_stay_in_memory() -> None:
    with ServerThread(load_engines(), memory_mib=1) as server, server.stub() as stub:
        preloaded(stub, rain(5), "level")
        for seed in range(100, 106):
            rendered(stub, pb.RenderRequest(effect="wind", duration_s=1.0, seed=seed))
        for seed in range(5):
            answer = rendered(stub, pb.RenderRequest(effect="rain", duration_s=1.0, seed=seed))
            assert answer.header.cached == pb.CACHED_MEMORY
        assert stub.Unload(pb.UnloadRequest(tag="level")).takes == 5
        assert server.metric("swash_cache_bytes", tier="memory") <= 2**20


def test_what_certainly_does_not_fit_is_refused_at_once(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--max-pinned-mib=2", "--max-tags=1") as small, small.stub() as stub:
        code, message, _ = refused(stub, rain(6), "level")
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "--max-pinned-mib" in message
        assert small.metric("swash_render_seconds_count") == 0
        assert len(takes_of(preloaded(stub, rain(5), "level"))) == 5
        assert refused(stub, rain(6), "level")[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "tags" in refused(stub, rain(1), "other")[1]
        preloaded(stub, rain(2), "level")  # they are in it already


def test_a_one_shot_that_no_room_is_left_for_fails_alone(tmp_path: Path) -> None:
    thunder = "".join(f"  - {{effect: thunder, seed: {seed}}}\n" for seed in range(3))  # some 2 MB each
    with ServerProcess(tmp_path, "--max-pinned-mib=3") as small, small.stub() as stub:
        manifest = f"{rain(1)}{thunder}"
        takes = takes_of(preloaded(stub, manifest, "storm"))
        failed = [take for take in takes if take.failure]
        assert 1 <= len(failed) < len(takes)
        assert "--max-pinned-mib" in failed[0].failure
        assert small.metric("swash_pinned_bytes") <= 3 * 2**20
        assert small.metric("swash_preloads_total", outcome="failed") == len(failed)
        assert stub.Unload(pb.UnloadRequest(tag="storm")).takes == len(takes) - len(failed)


def test_a_kill_in_the_middle_loses_nothing_that_was_ready(tmp_path: Path) -> None:
    manifest = rain(12, duration_s=4.0)
    with ServerProcess(tmp_path) as victim, victim.stub() as stub:
        call = stub.Preload(pb.PreloadRequest(manifest=manifest, tag="level"))
        ready = {next(call).take.key for _ in range(4)}
        victim.kill()
    with ServerProcess(tmp_path) as heir, heir.stub() as stub:
        assert 4 <= heir.metric("swash_pinned_takes") < 12
        takes = takes_of(preloaded(stub, manifest, "level"))
        assert {take.key for take in takes if take.cached == pb.CACHED_STORE} >= ready
        assert sum(take.cached == pb.CACHED_NO for take in takes) >= 12 - 4 - 2
        assert not any(take.failure for take in takes)
        assert heir.metric("swash_pinned_takes") == 12


def test_when_the_caller_leaves_the_rest_is_not_made_and_what_is_ready_stays(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.stub() as stub:
        call = stub.Preload(pb.PreloadRequest(manifest=rain(40, duration_s=4.0), tag="level"))
        next(call), next(call)
        call.cancel()
        until(lambda: server.metric("swash_preloads_total", outcome="stopped") > 0, "stopped")
        until(lambda: server.metric("swash_recording_sounds") == 0, "nothing is made")
        kept = server.metric("swash_pinned_takes")
        assert 2 <= kept < 40
        assert stub.Unload(pb.UnloadRequest(tag="level")).takes == kept


def with_hand(hand: HandEngine) -> Engines:
    here = {engine.name: engine for engine in load_engines()}
    return Engines({**here, NEURAL_ENGINE: hand}, {})


def neural(*seeds: int) -> str:
    sounds = "".join(f"- {{prompt: dog, engine: stable_audio, seed: {seed}}}\n" for seed in seeds)
    return f"swash: 1\nsounds:\n{sounds}"


def test_a_neural_sound_tells_its_steps_and_lets_others_in_between(tmp_path: Path) -> None:
    hand = HandEngine()
    with ServerThread(with_hand(hand), store=tmp_path) as server, server.stub() as stub:
        call = stub.Preload(pb.PreloadRequest(manifest=neural(1, 2, 3), tag="dogs"), timeout=60)
        assert next(call).progress.steps == 4
        until(lambda: hand.begun == [1], "the first is being made")
        other = stub.Render(pb.RenderRequest(prompt="cat", engine="stable_audio", seed=50))
        assert next(other).progress.queue_position == 1  # and not 3: a preload has one place in the line
        hand.step(3)
        while next(call).progress.step < 3:
            pass
        hand.let_go()
        takes = takes_of(list(call))
        assert list(other)[-1].HasField("trailer")
        assert hand.begun == [1, 50, 2, 3]
        assert [take.seed for take in takes] == [1, 2, 3]


def test_a_take_that_breaks_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    hand = HandEngine()
    hand.failure = RuntimeError("out of luck")
    hand.let_go()
    with ServerThread(with_hand(hand), store=tmp_path) as server, server.stub() as stub:
        manifest = neural(1) + "- {effect: impact, seed: 3}\n"
        takes = takes_of(preloaded(stub, manifest, "mixed"))
        assert [bool(take.failure) for take in sorted(takes, key=lambda take: take.seed)] == [True, False]
        (failure,) = [take.failure for take in takes if take.failure]
        assert "the server's log tells more" in failure
        assert "luck" not in failure
        assert server.metric("swash_pinned_takes") == 1


def test_a_take_whose_seed_the_quality_gate_replaced_is_a_hit_after_a_restart(tmp_path: Path) -> None:
    bad = BadEngine({1: Script("silence")})
    bad.let_go()
    with ServerThread(with_hand(bad), store=tmp_path) as server, server.stub() as stub:
        (take,) = takes_of(preloaded(stub, neural(1), "dogs"))
        assert take.seed == next_seed(1)
    again = BadEngine({})
    with ServerThread(with_hand(again), store=tmp_path) as server, server.stub() as stub:
        answer = rendered(stub, pb.RenderRequest(prompt="dog", engine="stable_audio", seed=1))
        assert (answer.header.cached, answer.header.key) == (pb.CACHED_STORE, take.key)
        assert (answer.header.seed, answer.header.replaced_seed) == (next_seed(1), 1)
        assert again.begun == []


def test_who_waits_for_a_sound_goes_before_what_is_preloaded(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--max-recordings=1") as small, small.stub() as stub:
        call = stub.Preload(pb.PreloadRequest(manifest=rain(30, duration_s=10.0), tag="level"))
        next(call)
        # The one place there is belongs to whoever waits, and so does the thread.
        answer = rendered(stub, pb.RenderRequest(effect="fire", duration_s=2.0, seed=1))
        assert answer.header.cached == pb.CACHED_NO
        assert small.metric("swash_preloads_total", outcome="made") < 30
        call.cancel()
