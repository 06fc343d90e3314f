"""When the neural engine cannot answer in time, the procedural one does, and the neural sound is made behind."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from tests.server.hand_engine import HandEngine
from tests.serving import Answer, ServerThread, rendered, takes, until

NO_HURRY_S = 60.0
HURRY_S = 2.0
FOR_EVER_S = 1000.0
KNOWN = "rain on a tin roof"
UNKNOWN = "xyzzy plugh"


@pytest.fixture
def engine() -> HandEngine:
    return HandEngine()


@pytest.fixture
def server(engine: HandEngine) -> Iterator[ServerThread]:
    with serving(engine) as server:
        yield server
        engine.let_go()


def serving(engine: HandEngine | None, **settings: object) -> ServerThread:
    procedural = ProceduralEngine()
    if engine is None:
        engines = Engines({DEFAULT_ENGINE: procedural}, {NEURAL_ENGINE: "bring it"})
    else:
        engines = Engines({NEURAL_ENGINE: engine, DEFAULT_ENGINE: procedural}, {})
    return ServerThread(engines, **settings)  # type: ignore[arg-type]


def asked(prompt: str = KNOWN, *, fallback: bool = True, seed: int = 1, **fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(
        prompt=prompt, engine=NEURAL_ENGINE, seed=seed, duration_s=1.0, fallback=fallback, **fields
    )


def fallbacks(server: ServerThread, reason: str) -> float:
    return server.metric("swash_fallbacks_total", reason=reason)


def is_procedural(answer: Answer) -> bool:
    header = answer.header
    fallback = (header.engine, header.fallback) == (DEFAULT_ENGINE, True)
    assert fallback == (header.engine != NEURAL_ENGINE)
    assert fallback == bool(header.layers) == (not header.HasField("neural"))
    return fallback


def test_what_would_miss_the_deadline_is_procedural_at_once_and_neural_the_next_time(
    server: ServerThread, engine: HandEngine
) -> None:
    engine.expected = FOR_EVER_S
    with server.stub() as stub:
        first = rendered(stub, asked(), timeout_s=NO_HURRY_S)
        assert is_procedural(first)
        assert first.header.layers[0].effect == "rain"
        assert fallbacks(server, "deadline") == 1
        assert server.metric("swash_behind_sounds") == 1
        engine.let_go()
        until(lambda: server.metric("swash_behind_total", outcome="made") == 1, "the neural sound is made")
        second = rendered(stub, asked(), timeout_s=HURRY_S)
    assert not is_procedural(second)
    assert second.header.cached == pb.CACHED_MEMORY
    assert second.header.key != first.header.key


def test_the_fallback_is_the_very_sound_that_the_procedural_engine_gives(
    server: ServerThread, engine: HandEngine
) -> None:
    engine.expected = FOR_EVER_S
    with server.stub() as stub:
        instead = rendered(stub, asked(), timeout_s=NO_HURRY_S)
        asked_for = rendered(stub, pb.RenderRequest(prompt=KNOWN, seed=1, duration_s=1.0))
    assert asked_for.header.cached == pb.CACHED_MEMORY
    assert (instead.header.key, instead.audio) == (asked_for.header.key, asked_for.audio)
    assert not asked_for.header.fallback


def test_a_sound_that_was_expected_and_does_not_come_is_procedural_before_the_deadline(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        answer = rendered(stub, asked(), timeout_s=HURRY_S)
    assert is_procedural(answer)
    assert answer.progress[0].queue_position == 0
    assert fallbacks(server, "late") == 1


def test_in_time_it_is_neural(server: ServerThread, engine: HandEngine) -> None:
    engine.expected = 1.0
    engine.let_go()
    with server.stub() as stub:
        assert not is_procedural(rendered(stub, asked(), timeout_s=NO_HURRY_S))
        engine.expected = FOR_EVER_S
        assert not is_procedural(rendered(stub, asked(seed=2), timeout_s=2 * FOR_EVER_S))
        for request in (asked(), asked(seed=2)):  # and what is remembered has no need of time
            assert not is_procedural(rendered(stub, request, timeout_s=0.2))
    assert server.metric("swash_fallbacks_total") == 0


def test_what_waits_before_it_counts(server: ServerThread, engine: HandEngine) -> None:
    with server.stub() as stub:
        engine.expected = FOR_EVER_S
        before = stub.Render(asked(fallback=False, seed=2))
        assert next(before).HasField("progress")
        engine.expected = 0.0
        assert is_procedural(rendered(stub, asked(), timeout_s=NO_HURRY_S))
        assert fallbacks(server, "deadline") == 1
        engine.let_go()
        assert not is_procedural(Answer(list(before)))


def test_an_engine_that_is_not_here_is_stood_in_for_whatever_only_it_understands() -> None:
    with serving(None) as server, server.stub() as stub:
        request = asked(steps=20, guidance=3.0, negative_prompt="music", init_audio=b"not even audio")
        assert is_procedural(rendered(stub, request))
        assert fallbacks(server, "absent") == 1
        with pytest.raises(grpc.RpcError) as error:
            rendered(stub, asked(fallback=False))
        assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        with pytest.raises(grpc.RpcError) as error:
            rendered(stub, asked(UNKNOWN))
        assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_an_engine_that_could_not_be_warmed_up_is_not_here() -> None:
    with serving(HandEngine(warm_up=RuntimeError("no such weights"))) as server, server.stub() as stub:
        assert is_procedural(rendered(stub, asked()))
        with pytest.raises(grpc.RpcError, match="no such weights"):
            rendered(stub, asked(fallback=False))
        info = stub.GetServerInfo(pb.GetServerInfoRequest())
    states = {each.name: (each.state, each.detail) for each in info.engines}
    assert states[NEURAL_ENGINE] == (pb.ENGINE_STATE_ABSENT, "no such weights")
    assert states[DEFAULT_ENGINE] == (pb.ENGINE_STATE_READY, "")


def test_a_full_line_is_fallen_back_from(engine: HandEngine) -> None:
    with serving(engine, max_neural_queue=0) as server, server.stub() as stub:
        busy = stub.Render(asked(fallback=False, seed=2))
        next(busy)
        assert is_procedural(rendered(stub, asked()))
        assert fallbacks(server, "full") == 1
        engine.let_go()
        list(busy)


def test_a_neural_sound_that_fails_is_fallen_back_from(server: ServerThread, engine: HandEngine) -> None:
    engine.failure = RuntimeError("broken")
    engine.let_go()
    with server.stub() as stub:
        assert is_procedural(rendered(stub, asked()))
    assert fallbacks(server, "failed") == 1


@pytest.mark.parametrize("request_", [asked(UNKNOWN), asked("a dog barks at the moon", loop=True)], ids=str)
def test_what_the_procedural_engine_does_not_know_is_waited_for(
    server: ServerThread, engine: HandEngine, request_: pb.RenderRequest
) -> None:
    engine.expected = FOR_EVER_S
    engine.let_go()
    with server.stub() as stub:
        assert not is_procedural(rendered(stub, request_, timeout_s=NO_HURRY_S))


def test_what_the_procedural_engine_does_not_know_misses_its_deadline_and_is_stopped(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub, pytest.raises(grpc.RpcError) as error:
        rendered(stub, asked(UNKNOWN), timeout_s=0.5)
    assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    until(lambda: server.metric("swash_calls_total", method="Render") == 1, "the server knows it too")
    engine.step()
    until(lambda: server.metric("swash_stopped_renders_total") == 1, "the work has stopped")


def test_takes_fall_back_one_by_one(server: ServerThread, engine: HandEngine) -> None:
    engine.let_go()
    with server.stub() as stub:
        rendered(stub, asked(seed=6, fallback=False))
        engine.expected = FOR_EVER_S
        answers = takes(stub, asked(seed=5, takes=3), timeout_s=NO_HURRY_S)
        assert [is_procedural(answer) for answer in answers] == [True, False, True]
        assert [answer.header.seed for answer in answers] == [5, 6, 7]
        until(lambda: server.metric("swash_behind_total", outcome="made") == 2, "the others are made")
        again = takes(stub, asked(seed=5, takes=3), timeout_s=NO_HURRY_S)
    assert not any(is_procedural(answer) for answer in again)


def test_two_who_fall_back_from_one_sound_have_it_made_once(server: ServerThread, engine: HandEngine) -> None:
    engine.expected = FOR_EVER_S
    with server.stub() as stub:
        for _ in range(2):
            assert is_procedural(rendered(stub, asked(), timeout_s=NO_HURRY_S))
        assert server.metric("swash_behind_sounds") == 1
        engine.let_go()
        until(lambda: server.metric("swash_behind_sounds") == 0, "it is made")
    assert engine.begun == [1]


@pytest.mark.parametrize("bound", [0, 1])
def test_no_more_are_made_behind_than_the_operator_allows(engine: HandEngine, bound: int) -> None:
    engine.expected = FOR_EVER_S
    with serving(engine, max_behind=bound) as server, server.stub() as stub:
        for seed in (1, 2):
            assert is_procedural(rendered(stub, asked(seed=seed), timeout_s=NO_HURRY_S))
        assert server.metric("swash_behind_sounds") == bound
        assert server.metric("swash_behind_total", outcome="skipped") == 2 - bound
        engine.let_go()
        until(lambda: server.metric("swash_recording_sounds") == 0, "all is done or stopped")
        assert server.metric("swash_behind_total", outcome="made") == bound
        assert server.metric("swash_stopped_renders_total") == 2 - bound


def test_a_server_that_stops_stops_what_it_makes_behind(engine: HandEngine) -> None:
    engine.expected = FOR_EVER_S
    with serving(engine) as server, server.stub() as stub, ThreadPoolExecutor(1) as pool:
        for seed in (1, 2):
            assert is_procedural(rendered(stub, asked(seed=seed), timeout_s=NO_HURRY_S))
        stopping = pool.submit(server.stop)
        until(lambda: server.metric("swash_waiting_sounds") == 0, "the second has been told to stop")
        engine.let_go()
        stopping.result()
    assert engine.begun == [1]


def test_the_procedural_engine_has_nothing_to_fall_back_from(server: ServerThread) -> None:
    with server.stub() as stub:
        answer = rendered(stub, pb.RenderRequest(prompt=KNOWN, duration_s=1.0, fallback=True))
        assert (answer.header.engine, answer.header.fallback) == (DEFAULT_ENGINE, False)
        with pytest.raises(grpc.RpcError, match="steps: only the engine 'stable_audio'"):
            rendered(stub, pb.RenderRequest(prompt=KNOWN, fallback=True, steps=4))
