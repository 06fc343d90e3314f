"""The neural engine behind a real server, with a small model of random weights."""

import hashlib
import io
import json
import random
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import soundfile

from swash.v1 import sound_pb2 as pb
from swash_model.engine import UNWATCHED, Engine, Watch
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines, ModelChoice, load_engines
from swash_model.errors import EngineAbsentError
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Block, Spec
from swash_server.settings import InvalidSettingError, Settings
from tests.serving import ServerProcess, ServerThread, rendered, takes, until, violation_of

GOLDEN = Path(__file__).parent.parent / "data" / "stable_audio_open_small"
CONFIG = json.loads((GOLDEN / "model_config.json").read_text())
LONGEST_S = CONFIG["sample_size"] / CONFIG["sample_rate"]
SHORT_S = round(LONGEST_S / 2, 1)
RATE = 44_100


@pytest.fixture(scope="module")
def neural(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    with ServerProcess(store, f"--model={GOLDEN}", "--neural-threads=1") as running:
        yield running


def serving(store: Path, model: Path = GOLDEN) -> ServerThread:
    return ServerThread(load_engines(ModelChoice(model, threads=1)), store=store)


def bell(**fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(**{"prompt": "a bell", "engine": NEURAL_ENGINE, "steps": 2, **fields})


def tone(duration_s: float = SHORT_S, gain: float = 0.5) -> bytes:
    file = io.BytesIO()
    samples = gain * np.sin(2 * np.pi * 440 / RATE * np.arange(round(duration_s * RATE)))
    soundfile.write(file, samples, RATE, "PCM_16", format="WAV")
    return file.getvalue()


def test_both_engines_are_ready(neural: ServerProcess) -> None:
    with neural.stub() as stub:
        info = stub.GetServerInfo(pb.GetServerInfoRequest())
    states = {engine.name: (engine.state, engine.detail) for engine in info.engines}
    assert states == dict.fromkeys((DEFAULT_ENGINE, NEURAL_ENGINE), (pb.ENGINE_STATE_READY, ""))
    assert all(engine.version and engine.licence for engine in info.engines)
    assert info.default_engine == DEFAULT_ENGINE
    assert info.limits.max_request_bytes == 8 * 1024 * 1024


def test_words_become_a_sound_and_the_header_says_how(neural: ServerProcess) -> None:
    with neural.stub() as stub:
        answer = rendered(stub, bell(seed=1, duration_s=SHORT_S))
    header = answer.header
    assert answer.progress[0] == pb.Progress(take=0, queue_position=0, step=0, steps=2)
    assert (header.engine, header.fallback, header.prompt_truncated) == (NEURAL_ENGINE, False, False)
    assert not header.layers
    assert header.neural == pb.Neural(steps=2, guidance=1.0)
    assert answer.trailer.frames == header.frames == round(SHORT_S * 48_000)
    assert answer.trailer.sha256 == hashlib.sha256(answer.audio).digest()
    assert answer.trailer.render_s > 0
    assert answer.trailer.true_peak_dbtp <= -0.9


def test_what_the_server_chose_can_be_asked_for_again(neural: ServerProcess) -> None:
    with neural.stub() as stub:
        header = rendered(
            stub, bell(negative_prompt="music", init_audio=tone(), loop=True, short_window=True)
        ).header
        made = header.neural
        assert (made.guidance, made.negative_prompt, made.init_noise_level) == (2.0, "music", 0.7)
        assert (made.short_window, made.loop_method) == (True, pb.LOOP_METHOD_LATENTS)
        assert (header.loop.start_frame, header.loop.end_frame) == (0, header.frames)
        again = rendered(
            stub,
            bell(
                seed=header.seed, steps=made.steps, guidance=made.guidance, negative_prompt=made.negative_prompt,
                init_audio=tone(), init_noise_level=made.init_noise_level, short_window=made.short_window,
                loop=True, loop_method=made.loop_method,
            ),
        )  # fmt: skip
    assert again.header.key == header.key
    assert again.header.cached == pb.CACHED_MEMORY


def test_a_prompt_longer_than_the_engine_reads_is_said_to_be_cut(neural: ServerProcess) -> None:
    with neural.stub() as stub:
        assert rendered(stub, bell(prompt="a bell in the mist " * 50, seed=1)).header.prompt_truncated


def test_it_is_the_same_sound_after_a_restart_and_on_another_server(tmp_path: Path) -> None:
    request = bell(seed=3)
    answers = []
    for store in ("one", "one", "other"):
        with serving(tmp_path / store) as server, server.stub() as stub:
            answers.append(rendered(stub, request))
    assert [answer.header.cached for answer in answers] == [pb.CACHED_NO, pb.CACHED_STORE, pb.CACHED_NO]
    assert len({answer.header.key for answer in answers}) == 1
    assert len({answer.audio for answer in answers}) == 1
    assert not answers[1].progress


def test_ten_callers_at_once_cost_one_render(neural: ServerProcess) -> None:
    before = neural.metric("swash_render_seconds_count", engine=NEURAL_ENGINE)
    with neural.stub() as stub, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: rendered(stub, bell(seed=11, steps=20)), range(10)))
    assert len({(answer.audio, answer.header.key) for answer in answers}) == 1
    assert neural.metric("swash_render_seconds_count", engine=NEURAL_ENGINE) - before == 1


def test_takes_count_the_seed_up_and_each_can_be_had_alone(neural: ServerProcess) -> None:
    with neural.stub() as stub:
        answers = takes(stub, bell(seed=20, takes=3, duration_s=SHORT_S))
        alone = rendered(stub, bell(seed=22, duration_s=SHORT_S))
    assert [answer.header.seed for answer in answers] == [20, 21, 22]
    assert [answer.header.take for answer in answers] == [0, 1, 2]
    assert len({answer.audio for answer in answers}) == 3
    assert alone.header.key == answers[2].header.key
    assert alone.audio == answers[2].audio


def test_both_engines_sound_at_once(neural: ServerProcess) -> None:
    requests = [bell(seed=30 + number) for number in range(3)]
    requests += [pb.RenderRequest(effect="rain", duration_s=2.0, seed=number) for number in range(5)]
    random.Random(1).shuffle(requests)
    with neural.stub() as stub, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda request: rendered(stub, request), requests))
    engines = [answer.header.engine for answer in answers]
    assert engines == [request.engine or DEFAULT_ENGINE for request in requests]


class Gated:
    """Lets a neural sound pass its first step, and holds it there until `opened`."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def watch(self, watch: Watch) -> Watch:
        def progress(step: int, steps: int) -> None:
            watch.progress(step, steps)
            self.reached.set()
            assert self.opened.wait(60)

        return replace(watch, progress=progress)


def test_a_sound_that_nobody_waits_for_any_more_ends_within_a_step() -> None:
    from swash_model.stable_audio.engine import StableAudioEngine

    gate = Gated()

    class GatedEngine(StableAudioEngine):
        def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
            # Nobody watches a warm-up, and nothing holds it.
            return super().render(spec, watch if watch is UNWATCHED else gate.watch(watch), together)

    here: dict[str, Engine] = {DEFAULT_ENGINE: ProceduralEngine(), NEURAL_ENGINE: GatedEngine(GOLDEN, threads=1)}
    with ServerThread(Engines(here, {})) as server, server.stub() as stub:
        call = stub.Render(bell(seed=1, steps=50), timeout=60)
        assert next(call).HasField("progress")
        assert gate.reached.wait(60)
        call.cancel()
        until(lambda: server.metric("swash_calls_total", code="CANCELLED") == 1, "the caller has left")
        gate.opened.set()
        until(lambda: server.metric("swash_recording_sounds") == 0, "the work has ended")
        assert server.metric("swash_steps_total", engine=NEURAL_ENGINE) == 1
        assert server.metric("swash_stopped_renders_total") == 1
        again = rendered(stub, bell(seed=1, steps=50))
    assert again.header.cached == pb.CACHED_NO
    assert again.progress[-1].step <= 50


# Audio to begin with.


@pytest.mark.parametrize("effect", ["impact", "rain"])  # in one channel, and in two
def test_a_sound_is_begun_with_by_its_key_or_by_its_samples(neural: ServerProcess, effect: str) -> None:
    with neural.stub() as stub:
        first = rendered(
            stub,
            pb.RenderRequest(effect=effect, seed=1, duration_s=SHORT_S, encoding=pb.ENCODING_PCM_F32LE),
        )
        samples = np.frombuffer(first.audio, "<f4").reshape(-1, first.header.channels)
        file = io.BytesIO()
        soundfile.write(file, samples, first.header.sample_rate, "FLOAT", format="WAV")
        by_key = rendered(stub, bell(seed=41, init_key=first.header.key))
        by_samples = rendered(stub, bell(seed=41, init_audio=file.getvalue()))
        without = rendered(stub, bell(seed=41))
        nearer = rendered(stub, bell(seed=41, init_key=first.header.key, init_noise_level=0.12))
    assert by_key.header.key == by_samples.header.key
    assert by_key.header.neural.init_noise_level == 0.7
    assert not without.header.neural.HasField("init_noise_level")
    assert len({answer.header.key for answer in (by_key, without, nearer)}) == 3
    assert len({answer.audio for answer in (by_key, without, nearer)}) == 3


def test_a_sound_that_only_the_store_remembers_is_begun_with_too(tmp_path: Path) -> None:
    with serving(tmp_path) as first, first.stub() as stub:
        key = rendered(stub, bell(seed=1)).header.key
    with serving(tmp_path) as second, second.stub() as stub:
        assert rendered(stub, bell(seed=2, init_key=key)).header.neural.init_noise_level == 0.7


NAN = float("nan")
INVALID: list[tuple[dict[str, Any], str, str]] = [
    ({"steps": 0}, "steps", "1 to 50, got 0"),
    ({"steps": 51}, "steps", "1 to 50, got 51"),
    ({"guidance": 0.5}, "guidance", "1 to 15, got 0.5"),
    ({"guidance": 16.0}, "guidance", "1 to 15, got 16"),
    ({"guidance": NAN}, "guidance", "got nan"),
    ({"guidance": 1.0, "negative_prompt": "music"}, "guidance", "above 1"),
    ({"negative_prompt": " "}, "negative_prompt", "1 to 1000 characters, got none"),
    ({"negative_prompt": "x" * 1001}, "negative_prompt", "got 1001"),
    ({"init_noise_level": 0.5}, "init_noise_level", "only with init_audio or init_key"),
    ({"init_noise_level": 0.1, "init_audio": tone()}, "init_noise_level", "0.12 to 1, got 0.1"),
    ({"init_noise_level": 1.1, "init_audio": tone()}, "init_noise_level", "0.12 to 1, got 1.1"),
    ({"init_noise_level": NAN, "init_audio": tone()}, "init_noise_level", "got nan"),
    ({"loop_method": 9}, "loop_method", "one of LATENTS, CROSSFADE, got number 9"),
    ({"init_key": "beef"}, "init_key", "64 hex digits"),
    ({"init_key": "g" * 64}, "init_key", "64 hex digits"),
    ({"init_key": "0" * 64}, "init_key", "no sound of this key is remembered here"),
    ({"init_audio": b""}, "init_audio", "got no bytes"),
    ({"init_audio": b"a dog barks"}, "init_audio", "a WAV, FLAC or Ogg file"),
    ({"init_audio": tone()[:-1000]}, "init_audio", "truncated"),
    ({"init_audio": tone(0.05)}, "init_audio", "got 0.05 s"),
    ({"init_audio": tone(60.0)}, "init_audio", "got 60.00 s"),
    ({"init_audio": tone(2 * LONGEST_S)}, "init_audio", "of audio, got"),
    ({"init_audio": tone(gain=0.0)}, "init_audio", "not silent"),
    ({"duration_s": LONGEST_S + 0.1}, "duration_s", "0.1 to"),
    ({"duration_s": 0.01}, "duration_s", "0.1 to"),
    ({"duration_s": 0.01, "loop": True}, "duration_s", "loop"),
    ({"effect": "rain"}, "effect", "words"),
    ({"parameters": {"intensity": pb.ParameterValue(number=1.0)}}, "parameters", "got intensity"),
]


@pytest.mark.parametrize(("fields", "field", "said"), INVALID, ids=lambda value: str(value)[:40])
def test_what_is_out_of_range_is_named(
    neural: ServerProcess, fields: dict[str, Any], field: str, said: str
) -> None:
    with neural.stub() as stub:
        violation = violation_of(stub, bell(**fields))
        assert violation.field == field
        assert said in violation.description
        rendered(stub, bell(seed=1))


NEURAL_FIELDS: list[dict[str, Any]] = [
    {"steps": 8},
    {"guidance": 1.0},
    {"negative_prompt": "music"},
    {"init_audio": tone()},
    {"init_key": "0" * 64},
    {"short_window": True},
    {"loop_method": pb.LOOP_METHOD_CROSSFADE},
]


@pytest.mark.parametrize("fields", NEURAL_FIELDS, ids=lambda fields: str(next(iter(fields))))
def test_what_only_the_neural_engine_takes_is_refused_by_the_other(
    neural: ServerProcess, fields: dict[str, Any]
) -> None:
    with neural.stub() as stub:
        for engine in (None, DEFAULT_ENGINE):
            violation = violation_of(stub, pb.RenderRequest(prompt="rain", engine=engine, **fields))
            assert violation.field == next(iter(fields))
            assert violation.description == "only the engine 'stable_audio' takes it, this is 'procedural'"


# Time, and what is missing.


def test_a_deadline_too_near_for_the_line_is_met_procedurally_and_the_next_time_it_is_neural(
    neural: ServerProcess,
) -> None:
    request = pb.RenderRequest(prompt="rain", engine=NEURAL_ENGINE, seed=50, fallback=True, duration_s=SHORT_S)
    made = neural.metric("swash_behind_total", outcome="made")
    with neural.stub() as stub:
        line = [stub.Render(bell(seed=60 + number, steps=50, guidance=2.0)) for number in range(20)]
        for call in line:
            next(call)
        first = rendered(stub, request, timeout_s=3.0)
        for call in line:
            call.cancel()
        assert (first.header.engine, first.header.fallback) == (DEFAULT_ENGINE, True)
        assert neural.metric("swash_fallbacks_total", reason="deadline") == 1
        until(lambda: neural.metric("swash_behind_total", outcome="made") == made + 1, "the neural sound is made")
        second = rendered(stub, request, timeout_s=3.0)
    assert (second.header.engine, second.header.fallback) == (NEURAL_ENGINE, False)
    assert second.header.cached == pb.CACHED_MEMORY


@pytest.fixture(params=["no folder", "a torn file", "no text encoder"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give a folder that a model cannot be loaded from."""
    folder = tmp_path / "model"
    if request.param == "no folder":
        return folder
    (folder / "t5").mkdir(parents=True)
    for path in GOLDEN.rglob("*.*"):
        if path.is_file():
            (folder / path.relative_to(GOLDEN)).symlink_to(path)
    if request.param == "no text encoder":
        (folder / "t5" / "model.safetensors").unlink()
    else:
        torn = (GOLDEN / "model.safetensors").read_bytes()[:-1000]
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors").write_bytes(torn)
    return folder


def test_weights_that_cannot_be_loaded_leave_the_procedural_engine_serving(
    tmp_path: Path, broken: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path / "store", broken) as server, server.stub() as stub:
        info = stub.GetServerInfo(pb.GetServerInfoRequest())
        details = {engine.name: engine.detail for engine in info.engines if engine.state == pb.ENGINE_STATE_ABSENT}
        assert set(details) == {NEURAL_ENGINE}
        assert str(broken) in details[NEURAL_ENGINE]
        errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        assert details[NEURAL_ENGINE] in "".join(errors)
        with pytest.raises(grpc.RpcError) as error:
            rendered(stub, bell())
        assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert details[NEURAL_ENGINE] in (error.value.details() or "")
        assert rendered(stub, pb.RenderRequest(effect="ui_click", seed=1)).trailer.frames
        assert rendered(stub, bell(prompt="rain", fallback=True)).header.fallback


def test_without_what_it_runs_on_the_engine_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    for model, said in ((None, "--model DIR"), (ModelChoice(GOLDEN), "swash[neural]")):
        engines = load_engines(model)
        assert [engine.name for engine in engines] == [DEFAULT_ENGINE]
        with pytest.raises(EngineAbsentError, match=re.escape(said)) as error:
            engines.named(NEURAL_ENGINE)
        assert "pip install 'swash[neural]'" in str(error.value)


@pytest.mark.parametrize(
    "given",
    [{"precision": "fp8"}, {"t5": GOLDEN}, {"neural_threads": -1}, {"max_neural_queue": -1}, {"max_behind": 9999}],
    ids=str,
)
def test_settings_out_of_range_are_named(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(given)).replace("_", "-")):
        Settings(**given)


def test_metrics_tell_the_stages_the_steps_the_pace_and_the_memory(neural: ServerProcess) -> None:
    steps = neural.metric("swash_steps_total", engine=NEURAL_ENGINE)
    with neural.stub() as stub:
        rendered(stub, bell(seed=70, steps=5, init_audio=tone()))
    assert neural.metric("swash_steps_total", engine=NEURAL_ENGINE) == steps + 5
    for stage in ("text", "encode", "sample", "decode"):
        assert neural.metric("swash_stage_seconds_count", engine=NEURAL_ENGINE, stage=stage) >= 1
        assert neural.metric("swash_stage_seconds_sum", engine=NEURAL_ENGINE, stage=stage) > 0
    assert neural.metric("swash_rtf_ratio_count", engine=NEURAL_ENGINE) >= 1
    assert neural.metric("swash_render_seconds_sum", engine=NEURAL_ENGINE) > 0
    assert neural.metric("process_resident_memory_bytes") > 2**26
    assert neural.metric("swash_waiting_sounds") == 0
