"""What fails the quality gate is not remembered; of a neural sound another is made before anybody has heard it."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Block, Spec
from swash_server.making.quality import MAX_TRIES, next_seed
from tests.server.bad_engine import BadEngine, Script
from tests.serving import Answer, ServerThread, rendered, takes, until

SECOND = next_seed(1)
THIRD = next_seed(SECOND)
BEGINNINGS = ("silence", "not_finite", "dead_channel", "clipping", "dc")
ENDS = ("broken_end", "click")
REASONS = {"broken_end": "not_finite"}


def serving(engine: Any, **settings: object) -> ServerThread:
    here = {NEURAL_ENGINE: engine, DEFAULT_ENGINE: ProceduralEngine()}
    return ServerThread(Engines(here, {}), **settings)  # type: ignore[arg-type]


def bad(**kinds: str) -> BadEngine:
    """Return an engine that lets its steps go, whose first, second and third seed give such sounds."""
    seeds = {"first": 1, "second": SECOND, "third": THIRD}
    engine = BadEngine({seeds[name]: Script(kind) for name, kind in kinds.items()})
    engine.let_go()
    return engine


def asked(seed: int = 1, **fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(prompt="rain", engine=NEURAL_ENGINE, seed=seed, duration_s=1.0, **fields)


def failures(server: ServerThread, reason: str, engine: str = NEURAL_ENGINE) -> float:
    return server.metric("swash_quality_failures_total", engine=engine, reason=reason)


def seeds(answer: Answer) -> tuple[int, int | None]:
    header = answer.header
    return header.seed, header.replaced_seed if header.HasField("replaced_seed") else None


@pytest.mark.parametrize("whole", [False, True], ids=["in blocks", "whole"])
@pytest.mark.parametrize("kind", BEGINNINGS)
def test_what_is_bad_from_its_beginning_is_replaced_before_it_is_heard(kind: str, whole: bool) -> None:
    engine = BadEngine({1: Script(kind, whole)})
    engine.let_go()
    if kind == "not_finite" and not whole:  # half of it is good: that is an end
        return
    with serving(engine) as server, server.stub() as stub:
        answer = rendered(stub, asked())
        assert seeds(answer) == (SECOND, 1)
        assert failures(server, kind) == 1
        good = rendered(stub, asked(SECOND))
    assert engine.begun == [1, SECOND]
    assert (good.header.key, good.audio) == (answer.header.key, answer.audio)
    assert seeds(good) == (SECOND, None)
    assert good.header.cached == pb.CACHED_MEMORY


def test_a_good_sound_and_one_that_begins_late_pass() -> None:
    engine = BadEngine({2: Script("late")})
    engine.let_go()
    with serving(engine) as server, server.stub() as stub:
        assert seeds(rendered(stub, asked(1))) == (1, None)
        assert seeds(rendered(stub, asked(2))) == (2, None)
        assert server.metric("swash_quality_failures_total") == 0
    assert engine.begun == [1, 2]


def test_who_asks_again_gets_the_same_replacement_and_nothing_is_made(tmp_path: Path) -> None:
    engine = bad(first="silence")
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        first, again = rendered(stub, asked()), rendered(stub, asked())
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        restarted, warm = rendered(stub, asked()), rendered(stub, asked())
    answers = [first, again, restarted, warm]
    assert [answer.header.cached for answer in answers] == [
        pb.CACHED_NO, pb.CACHED_MEMORY, pb.CACHED_STORE, pb.CACHED_MEMORY,
    ]  # fmt: skip
    assert {seeds(answer) for answer in answers} == {(SECOND, 1)}
    assert len({(answer.header.key, answer.audio) for answer in answers}) == 1
    assert engine.begun == [1, SECOND]


def test_a_verdict_outlives_the_sound_that_replaced_the_bad_one(tmp_path: Path) -> None:
    engine = bad(first="silence")
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        key = rendered(stub, asked()).header.key
    (tmp_path / key[:2] / f"{key}.swash").unlink()
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        assert seeds(rendered(stub, asked())) == (SECOND, 1)
    assert engine.begun == [1, SECOND, SECOND]


def test_three_seeds_are_tried_and_then_the_caller_is_told_and_nothing_is_made_again() -> None:
    engine = bad(first="silence", second="dc", third="clipping")
    with serving(engine) as server, server.stub() as stub:
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as error:
                rendered(stub, asked())
            assert error.value.code() is grpc.StatusCode.INTERNAL
            assert "quality gate (clipping)" in (error.value.details() or "")
        assert [failures(server, reason) for reason in ("silence", "dc", "clipping")] == [1, 1, 1]
        assert seeds(rendered(stub, asked(2))) == (2, None)
    assert engine.begun == [1, SECOND, THIRD, 2]
    assert len(engine.begun[:-1]) == MAX_TRIES


@pytest.mark.parametrize("kind", ENDS)
def test_what_is_bad_at_its_end_ends_the_stream_and_is_replaced_the_next_time(kind: str, tmp_path: Path) -> None:
    engine = bad(first=kind)
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        call = stub.Render(asked(), timeout=60)
        events: list[pb.RenderResponse] = []
        with pytest.raises(grpc.RpcError) as error:
            events += call  # what comes before the error
        assert error.value.code() is grpc.StatusCode.INTERNAL
        assert f"quality gate ({REASONS.get(kind, kind)})" in (error.value.details() or "")
        assert failures(server, REASONS.get(kind, kind)) == 1
        answer = rendered(stub, asked())
        assert seeds(answer) == (SECOND, 1)
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        assert seeds(rendered(stub, asked())) == (SECOND, 1)
    assert engine.begun == [1, SECOND]


def test_a_sound_that_is_wanted_whole_is_replaced_even_for_its_end() -> None:
    engine = bad(first="broken_end")
    with serving(engine) as server, server.stub() as stub:
        assert seeds(rendered(stub, asked(loudness_lufs=-20.0))) == (SECOND, 1)


def test_nothing_of_a_sound_is_sent_before_something_of_it_is_audible() -> None:
    engine = BadEngine({1: Script("late")})
    engine.let_go()
    engine.holds_blocks = True
    with serving(engine) as server, server.stub() as stub:
        call = stub.Render(asked(), timeout=60)
        first = next(call)
        while first.progress.step < 4:
            first = next(call)
        for _ in range(4):  # the second to the fifth block are silence
            engine.blocks.release()
        assert server.metric("swash_recording_sounds") == 1
        engine.blocks.release(5)
        answer = Answer([first, *call])
    assert not answer.header.HasField("replaced_seed")
    assert answer.trailer.frames == 48_000


def test_the_steps_are_told_again_while_another_is_made() -> None:
    engine = bad(first="silence")
    with serving(engine) as server, server.stub() as stub:
        steps = [told.step for told in rendered(stub, asked(steps=4)).progress]
    assert 0 in steps[1:]  # begun again
    assert steps.count(0) <= 2


def test_who_joins_a_bad_sound_gets_what_replaces_it_and_so_does_who_joins_the_replacement() -> None:
    engine = BadEngine({1: Script("silence")})
    with serving(engine) as server, server.stub() as stub:
        calls = [stub.Render(asked(steps=4), timeout=60) for _ in range(2)]
        for call in calls:
            assert next(call).HasField("progress")
        engine.step(4)
        until(lambda: failures(server, "silence") == 1, "the first seed has failed")
        while next(calls[0]).progress.step:  # until it is begun again
            pass
        calls += [stub.Render(asked(seed, steps=4), timeout=60) for seed in (1, SECOND)]
        for call in calls[2:]:
            assert next(call).HasField("progress")
        engine.let_go()
        answers = [Answer(list(call)) for call in calls]
    assert [seeds(answer) for answer in answers] == [(SECOND, 1), (SECOND, 1), (SECOND, 1), (SECOND, None)]
    assert len({(answer.header.key, answer.audio) for answer in answers}) == 1
    assert engine.begun == [1, SECOND]


def test_those_who_wait_behind_a_bad_sound_keep_their_order() -> None:
    engine = BadEngine({1: Script("silence")})
    with serving(engine) as server, server.stub() as stub:
        calls = [stub.Render(asked(seed, steps=1), timeout=60) for seed in (1,)]
        next(calls[0])
        calls.append(stub.Render(asked(5, steps=1), timeout=60))
        assert next(calls[1]).progress.queue_position == 1
        engine.let_go()
        answers = [Answer(list(call)) for call in calls]
    assert [seeds(answer) for answer in answers] == [(SECOND, 1), (5, None)]
    assert engine.begun == [1, SECOND, 5]


def test_when_nobody_waits_any_more_nothing_is_made_instead() -> None:
    engine = BadEngine({1: Script("silence")})
    with serving(engine) as server, server.stub() as stub:
        call = stub.Render(asked(steps=1), timeout=60)
        next(call)
        call.cancel()
        until(lambda: server.metric("swash_calls_total", code="CANCELLED") == 1, "the caller has left")
        engine.let_go()
        until(lambda: server.metric("swash_recording_sounds") == 0, "the work has ended")
    assert engine.begun == [1]


def test_of_takes_only_the_bad_ones_are_replaced_and_the_engine_is_told_the_seeds_that_follow() -> None:
    engine = BadEngine({6: Script("silence")})
    engine.let_go()
    with serving(engine) as server, server.stub() as stub:
        answers = takes(stub, asked(5, takes=3))
        assert [seeds(answer) for answer in answers] == [(5, None), (next_seed(6), 6), (7, None)]
        engine.together.clear()
        takes(stub, asked(4, takes=4))
    assert engine.together == [()]  # 4 alone is new: what replaces 6 is remembered, too


def test_a_bad_sound_is_fallen_back_from_when_no_seed_is_good() -> None:
    engine = bad(first="silence", second="silence", third="silence")
    with serving(engine) as server, server.stub() as stub:
        for _ in range(2):
            answer = rendered(stub, asked(fallback=True))
            assert (answer.header.engine, answer.header.fallback) == (DEFAULT_ENGINE, True)
        assert server.metric("swash_fallbacks_total", reason="failed") == 2
    assert len(engine.begun) == MAX_TRIES


def test_a_sound_made_behind_is_replaced_behind() -> None:
    engine = BadEngine({1: Script("silence")})
    engine.expected = 1000.0
    with serving(engine) as server, server.stub() as stub:
        assert rendered(stub, asked(fallback=True), timeout_s=60).header.fallback
        engine.let_go()
        until(lambda: server.metric("swash_behind_total", outcome="made") == 1, "the neural sound is made")
        answer = rendered(stub, asked(fallback=True), timeout_s=60)
    assert seeds(answer) == (SECOND, 1)
    assert not answer.header.fallback
    assert answer.header.cached == pb.CACHED_MEMORY


def test_a_verdict_is_no_sound_to_begin_with(tmp_path: Path) -> None:
    engine = bad(first="broken_end")
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        events: list[pb.RenderResponse] = []
        with pytest.raises(grpc.RpcError):
            events += stub.Render(asked(), timeout=60)
        key = next(event.header.key for event in events if event.HasField("header"))
        with pytest.raises(grpc.RpcError, match="no sound of this key is remembered"):
            rendered(stub, asked(2, init_key=key))


def test_a_preloaded_sound_is_kept_though_it_was_replaced(tmp_path: Path) -> None:
    engine = bad(first="silence")
    manifest = "swash: 1\ntag: t\nsounds:\n  - {prompt: rain, engine: stable_audio, seed: 1, duration_s: 1}\n"
    with serving(engine, store=tmp_path) as server, server.stub() as stub:
        responses = list(stub.Preload(pb.PreloadRequest(manifest=manifest), timeout=60))
        (take,) = [response.take for response in responses if response.HasField("take")]
        answer = rendered(stub, asked())
        assert (take.key, take.failure) == (answer.header.key, "")
        assert answer.header.cached == pb.CACHED_MEMORY
    assert engine.begun == [1, SECOND]


class Broken(ProceduralEngine):
    """A procedural engine with a mistake."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rendered = 0

    def render(self, spec: Spec, *args: Any) -> Iterator[Block]:
        self.rendered += 1
        for block in super().render(spec, *args):
            match self.kind:
                case "silence":
                    yield 0.0 * block
                case "not_finite":
                    yield block * float("nan")
                case "dc":
                    yield 0.01 * block + 0.2
                case "dead_channel":
                    yield block * np.array([1.0, 0.0], np.float32)
                case "length":
                    return


@pytest.mark.parametrize("kind", ["silence", "not_finite", "dc", "dead_channel", "length"])
@pytest.mark.parametrize("effect", ["rain", "impact"])
def test_a_mistake_of_an_effect_is_told_at_the_end_and_not_remembered(
    kind: str, effect: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Broken(kind)
    request = pb.RenderRequest(
        effect=effect, seed=1, duration_s=1.5 if effect == "rain" else None, channels=2, sample_rate=44_100
    )
    if (effect, kind) == ("rain", "length"):
        return  # what is missing of a bed is filled up with silence
    with ServerThread(Engines({DEFAULT_ENGINE: engine}, {}), store=tmp_path) as server, server.stub() as stub:
        warmed = engine.rendered
        key = ""
        for _ in range(2):
            events: list[pb.RenderResponse] = []
            with caplog.at_level(logging.ERROR), pytest.raises(grpc.RpcError) as error:
                events += stub.Render(request, timeout=60)
            key = next((event.header.key for event in events if event.HasField("header")), key)
            assert error.value.code() is grpc.StatusCode.INTERNAL
            said = error.value.details() or ""
            assert f"quality gate ({kind})" in said
            assert key in said
            assert said in caplog.text
        assert engine.rendered == warmed + 2
        assert failures(server, kind, DEFAULT_ENGINE) == 2
        assert server.metric("swash_cache_bytes", tier="memory") == 0
    assert not list(tmp_path.rglob("*.swash"))
