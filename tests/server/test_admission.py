"""Who is let in when there is more to do than can be done, and what becomes of the work of whoever leaves."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.making.estimates import Estimates, Taken
from tests.server.hand_engine import HandEngine
from tests.serving import ServerThread, rendered, until

STEPS = 2
LIMIT_S = 60.0
OPEN = pb.PerformRequest(open=pb.OpenSession())
ROOM, QUEUE, TOO_MANY = 2, 3, 4


@pytest.fixture
def engine() -> HandEngine:
    return HandEngine()


@pytest.fixture
def server(engine: HandEngine) -> Iterator[ServerThread]:
    with serving(engine) as server:
        yield server
        engine.let_go()


def serving(engine: HandEngine, **settings: object) -> ServerThread:
    here = {NEURAL_ENGINE: engine, DEFAULT_ENGINE: ProceduralEngine()}
    return ServerThread(Engines(here, {}), **settings)  # type: ignore[arg-type]


def bell(seed: int, **fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=seed, steps=STEPS, **fields)


def long(seed: int) -> pb.RenderRequest:
    return pb.RenderRequest(effect="rain", duration_s=120.0, seed=seed)


def begun(stub: SoundServiceStub, request: pb.RenderRequest, timeout_s: float = LIMIT_S) -> Any:
    """Return a call that has told its place, so that the next one comes after it."""
    call = stub.Render(request, timeout=timeout_s)
    assert next(call).HasField("progress")
    return call


def failure_of(call: Any) -> grpc.RpcError:
    """Return what a call ends with, which is to be an error."""
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    return error.value


def retry_s(error: grpc.RpcError) -> float:
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error)
    assert status is not None
    retry = error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(retry)
    return float(retry.retry_delay.ToTimedelta().total_seconds())


def answers(stub: Any) -> bool:
    health: Any = health_pb2_grpc.HealthStub(stub)
    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def waiting(server: ServerThread, queue: str) -> float:
    return server.metric("swash_waiting_sounds", queue=queue)


def test_of_more_calls_than_may_wait_exactly_the_rest_are_refused_at_once(engine: HandEngine) -> None:
    with serving(engine, max_neural_queue=QUEUE) as server, server.stub() as stub:
        calls = [begun(stub, bell(seed)) for seed in range(1 + QUEUE)]
        errors = [failure_of(stub.Render(bell(100 + seed), timeout=LIMIT_S)) for seed in range(TOO_MANY)]
        assert {error.code() for error in errors} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert min(map(retry_s, errors)) >= 1.0
        assert server.metric("swash_refused_total", reason="line") == TOO_MANY
        assert waiting(server, "neural") == QUEUE
        # Of another priority there is a queue of its own, which the one that is full does not touch.
        bake = stub.Render(bell(200, priority=pb.PRIORITY_BAKE), timeout=LIMIT_S)
        assert next(bake).progress.queue_position == 1 + QUEUE
        assert rendered(stub, pb.RenderRequest(effect="ui_click", seed=1)).trailer.frames
        engine.let_go()
        for call in (*calls, bake):
            assert list(call)[-1].HasField("trailer")


def test_procedural_sounds_wait_too_and_those_beyond_are_refused(engine: HandEngine) -> None:
    with (
        serving(engine, max_recordings=ROOM, max_queue=QUEUE) as server,
        server.stub() as stub,
        ExitStack() as stack,
    ):
        calls = []
        for seed in range(ROOM + QUEUE):
            calls.append(stub.Render(long(seed), timeout=LIMIT_S))
            stack.callback(calls[-1].cancel)
        # Those that were begun tell their header; those that wait nothing yet.
        until(lambda: waiting(server, "procedural") == QUEUE, "they wait")
        errors = [failure_of(stub.Render(long(100 + seed), timeout=LIMIT_S)) for seed in range(TOO_MANY)]
        assert {error.code() for error in errors} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert min(map(retry_s, errors)) >= 1.0
        assert server.metric("swash_refused_total", reason="sounds") == TOO_MANY
        assert server.metric("swash_recording_sounds") == ROOM
        for call in calls[:ROOM]:
            call.cancel()
        until(lambda: waiting(server, "procedural") <= QUEUE - ROOM, "others were begun")


def test_whoever_leaves_while_waiting_leaves_the_queue_at_once(server: ServerThread, engine: HandEngine) -> None:
    with server.stub() as stub:
        calls = [begun(stub, bell(seed)) for seed in (1, 2, 3)]
        calls[1].cancel()
        assert next(calls[2]).progress.queue_position == 1
        assert waiting(server, "neural") == 1
        engine.let_go()
        assert list(calls[0])[-1].HasField("trailer")
        assert list(calls[2])[-1].HasField("trailer")
    assert engine.begun == [1, 3]


def test_a_deadline_that_passes_takes_its_sound_out_of_the_queue_and_out_of_the_engine(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        made, waits = (begun(stub, bell(seed), timeout_s=2.0) for seed in (1, 2))
        for call in (made, waits):
            assert failure_of(call).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        until(lambda: waiting(server, "neural") == 0, "nobody waits")
        engine.step()  # the one that was being done
        until(lambda: server.metric("swash_recording_sounds") == 0, "the work has ended")
    assert engine.begun == [1]
    assert server.metric("swash_refused_total", reason="deadline") == 0


def test_two_hundred_equal_calls_cost_one_render_and_who_leaves_ends_nobody_elses(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        calls = [stub.Render(bell(7), timeout=LIMIT_S) for _ in range(200)]
        for call in calls:
            next(call)
        calls[0].cancel()
        engine.let_go()
        ends = [list(call)[-1] for call in calls[1:]]
    assert len({end.trailer.sha256 for end in ends}) == 1
    assert engine.begun == [7]


def test_when_the_render_fails_all_who_share_it_get_the_same_code_and_the_next_call_tries_once(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        calls = [stub.Render(bell(7), timeout=LIMIT_S) for _ in range(20)]
        for call in calls:
            next(call)
        engine.failure = RuntimeError("as a test wants it")
        engine.step()
        assert {failure_of(call).code() for call in calls} == {grpc.StatusCode.INTERNAL}
        assert engine.begun == [7]
        engine.failure = None
        engine.let_go()
        assert rendered(stub, bell(7)).header.cached == pb.CACHED_NO
    assert engine.begun == [7, 7]


def test_a_deadline_that_cannot_be_kept_is_refused_at_once_and_no_work_is_begun() -> None:
    slow = HandEngine(expected_s=500.0)
    with serving(slow) as server, server.stub() as stub, ExitStack() as stack:
        stack.callback(slow.let_go)
        error = failure_of(stub.Render(bell(1), timeout=50.0))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "expected in 500 s" in str(error)
        assert slow.begun == []
        assert server.metric("swash_refused_total", reason="deadline") == 1
        # One that may be kept, with luck, is tried; then those behind it have to wait longer.
        call = begun(stub, bell(2), 400.0)
        assert failure_of(stub.Render(bell(3), timeout=400.0)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        joined = begun(stub, bell(2), 50.0)  # is made already, whatever is expected
        slow.let_go()
        for each in (call, joined):
            assert list(each)[-1].HasField("trailer")
        assert rendered(stub, bell(2), timeout_s=5.0).header.cached == pb.CACHED_MEMORY


def test_a_refusal_takes_no_longer_than_an_answer(engine: HandEngine) -> None:
    """Not how long it takes, but that it waits for nothing: the engine does no step between call and refusal."""
    with serving(engine, max_neural_queue=0) as server, server.stub() as stub:
        call = begun(stub, bell(1), LIMIT_S)
        with ThreadPoolExecutor(8) as threads:
            errors = list(threads.map(lambda seed: failure_of(stub.Render(bell(seed))), range(100, 140)))
        assert {error.code() for error in errors} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        with grpc.insecure_channel(server.address) as channel:
            assert answers(channel)
        engine.let_go()
        list(call)


def test_one_caller_may_have_only_so_many_sounds_made_while_what_is_remembered_is_free(engine: HandEngine) -> None:
    with serving(engine, client_recordings=2) as server, server.stub() as stub:
        calls = [begun(stub, bell(seed)) for seed in (1, 2)]
        error = failure_of(stub.Render(pb.RenderRequest(effect="ui_click", seed=1)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "your own quota" in str(error)
        assert retry_s(error) > 0.0
        assert server.metric("swash_refused_total", reason="client_sounds") == 1
        shared = begun(stub, bell(1))  # joined
        engine.let_go()
        for call in (*calls, shared):
            list(call)
        assert rendered(stub, pb.RenderRequest(effect="ui_click", seed=1)).trailer.frames


def test_one_caller_may_call_only_so_often_on_either_port_and_health_always(engine: HandEngine) -> None:
    with serving(engine, client_rate=0.001, client_burst=3) as server, server.stub() as stub:
        for _ in range(3):
            stub.ListEffects(pb.ListEffectsRequest())
        with pytest.raises(grpc.RpcError, match="your own quota") as error:
            stub.ListEffects(pb.ListEffectsRequest())
        assert retry_s(error.value) > 100.0
        assert failure_of(stub.Render(bell(1))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert server.metric("swash_refused_total", reason="client_rate") == 2
        with grpc.insecure_channel(server.address) as channel:
            assert answers(channel)
    assert engine.begun == []


def test_one_caller_may_have_only_so_many_live_sessions_and_voices(engine: HandEngine) -> None:
    with serving(engine, client_sessions=1, client_voices=1) as server, server.stub() as stub:
        done = threading.Event()
        first = stub.Perform(kept_open([OPEN, start(1), start(2)], done), timeout=LIMIT_S)
        for event in first:
            if event.HasField("refused"):
                break
        assert (event.refused.id, event.refused.code) == (2, grpc.StatusCode.RESOURCE_EXHAUSTED.value[0])
        error = failure_of(stub.Perform(iter([OPEN]), timeout=LIMIT_S))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "your own quota" in str(error)
        done.set()
        assert list(first)[-1].HasField("closed")
        assert server.metric("swash_refused_total", reason="client_sessions") == 1
        assert server.metric("swash_refused_total", reason="client_voices") == 1
        assert list(stub.Perform(iter([OPEN, start(1)]), timeout=LIMIT_S))[-1].HasField("closed")


def kept_open(requests: list[pb.PerformRequest], done: threading.Event) -> Iterator[pb.PerformRequest]:
    """Yield requests, and end only when the test says so."""
    yield from requests
    done.wait(LIMIT_S)


def start(number: int) -> pb.PerformRequest:
    return pb.PerformRequest(id=number, start=pb.StartVoice(voice=number, effect="rain", seed=number))


def test_what_a_sound_takes_is_guessed_low_and_only_from_others_like_it() -> None:
    estimates = Estimates()
    for first_s in (0.2, 0.1, 0.4):
        estimates.took("rain", Taken(first_s, work_s=1.0, audio_s=10.0))
    assert estimates.first_s("rain", 10.0) == 0.0  # three are too few
    estimates.took("rain", Taken(0.3, work_s=3.0, audio_s=10.0))
    assert estimates.first_s("rain", 10.0) == pytest.approx(0.1)
    assert estimates.first_s("rain", 100.0) == pytest.approx(1.0)
    assert estimates.work_s("rain", None) == pytest.approx(1.5)
    assert estimates.first_s("wind", 10.0) == 0.0
    for _ in range(16):  # of what was long ago nothing is known
        estimates.took("rain", Taken(2.0, work_s=3.0, audio_s=10.0))
    assert estimates.first_s("rain", None) == pytest.approx(2.0)
