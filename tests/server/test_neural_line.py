"""Sounds that take every core: made one after the other, told step by step, stopped when nobody waits any more.

The engine is turned by hand, so that what happens first happens first.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from tests.server.hand_engine import HandEngine
from tests.serving import Answer, ServerThread, rendered, takes, until

STEPS = 4
LIMIT_S = 60.0


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


def asked(seed: int, **fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=seed, steps=STEPS, **fields)


def progress(call: Any) -> tuple[int, int, int]:
    """Return the next event of a call, which is to be progress: position, step, steps."""
    event = next(call)
    assert event.HasField("progress"), event
    return event.progress.queue_position, event.progress.step, event.progress.steps


def the_rest(call: Any) -> Answer:
    return Answer(list(call))


def test_the_steps_are_told_before_the_header_and_then_the_sound_comes(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        call = stub.Render(asked(1), timeout=LIMIT_S)
        assert progress(call) == (0, 0, STEPS)
        engine.step()
        assert progress(call) == (0, 1, STEPS)
        engine.step()
        assert progress(call) == (0, 2, STEPS)
        engine.let_go()
        answer = the_rest(call)
    assert {told.take for told in answer.progress} <= {0}
    assert answer.header.engine == NEURAL_ENGINE
    assert answer.trailer.frames == 48_000
    assert server.metric("swash_steps_total", engine=NEURAL_ENGINE) == STEPS


def test_whoever_joins_is_told_at_once_how_far_it_is_and_hears_the_same(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        first = stub.Render(asked(1), timeout=LIMIT_S)
        progress(first)
        engine.step(2)
        while progress(first)[1] < 2:
            pass
        second = stub.Render(asked(1), timeout=LIMIT_S)
        assert progress(second) == (0, 2, STEPS)
        engine.let_go()
        made, joined = the_rest(first), the_rest(second)
    assert (made.header.cached, joined.header.cached) == (pb.CACHED_NO, pb.CACHED_JOINED)
    assert made.header.key == joined.header.key
    assert len(made.header.key) == 64
    assert made.audio == joined.audio
    assert engine.begun == [1]


def test_those_who_wait_are_told_their_place_and_are_served_in_their_order(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        calls = []
        for seed in (1, 2, 3):
            calls.append(stub.Render(asked(seed), timeout=LIMIT_S))
            assert progress(calls[-1]) == (seed - 1, 0, STEPS)
        assert server.metric("swash_waiting_sounds") == 2
        engine.let_go()
        answers = [the_rest(call) for call in calls]
    assert engine.begun == [1, 2, 3]
    assert len({answer.audio for answer in answers}) == 3
    positions = [told.queue_position for told in answers[2].progress]
    assert positions == sorted(positions, reverse=True)


def test_a_procedural_sound_need_not_wait_for_a_neural_one(server: ServerThread, engine: HandEngine) -> None:
    with server.stub() as stub:
        call = stub.Render(asked(1), timeout=LIMIT_S)
        progress(call)
        answer = rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
        assert answer.header.engine == DEFAULT_ENGINE
        assert not answer.progress
        engine.let_go()
        the_rest(call)


def test_when_the_last_caller_leaves_the_work_ends_within_a_step(server: ServerThread, engine: HandEngine) -> None:
    with server.stub() as stub:
        calls = [stub.Render(asked(1), timeout=LIMIT_S) for _ in range(2)]
        for call in calls:
            progress(call)
        engine.step()
        assert progress(calls[0])[1] == 1
        calls[0].cancel()
        engine.step()
        assert until_step(calls[1], 2)  # somebody still waits
        calls[1].cancel()
        until(lambda: cancelled(server) == 2, "both have left")
        engine.step()  # the one that was being done as the last left
        until(lambda: server.metric("swash_recording_sounds") == 0, "the work has ended")
        assert server.metric("swash_steps_total", engine=NEURAL_ENGINE) == 2
        assert server.metric("swash_stopped_renders_total") == 1
        engine.let_go()
        again = rendered(stub, asked(1))
    assert again.header.cached == pb.CACHED_NO
    assert again.trailer.frames == 48_000


def until_step(call: Any, step: int) -> bool:
    while progress(call)[1] < step:
        pass
    return True


def cancelled(server: ServerThread) -> float:
    return server.metric("swash_calls_total", method="Render", code="CANCELLED")


def test_whoever_leaves_the_line_lets_the_others_move_up(server: ServerThread, engine: HandEngine) -> None:
    with server.stub() as stub:
        calls = []
        for seed in (1, 2, 3):
            calls.append(stub.Render(asked(seed), timeout=LIMIT_S))
            progress(calls[-1])
        calls[1].cancel()
        assert progress(calls[2]) == (1, 0, STEPS)
        engine.let_go()
        the_rest(calls[0]), the_rest(calls[2])
    assert engine.begun == [1, 3]


def test_a_deadline_that_passes_in_the_line_or_at_work_stops_the_sound(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as error:
                takes(stub, asked(1), timeout_s=0.3)
            assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        engine.step()
        until(lambda: server.metric("swash_recording_sounds") == 0, "the work has ended")
    assert server.metric("swash_steps_total", engine=NEURAL_ENGINE) == 0


def test_a_full_line_refuses_at_once_and_says_when_to_come_back() -> None:
    engine = HandEngine(expected_s=30.0)
    with serving(engine, max_neural_queue=1) as server, server.stub() as stub:
        calls = [stub.Render(asked(seed), timeout=LIMIT_S) for seed in (1, 2)]
        for call in calls:
            progress(call)
        with pytest.raises(grpc.RpcError) as error:
            rendered(stub, asked(3))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert isinstance(error.value, grpc.Call)
        status = rpc_status.from_call(error.value)
        assert status is not None
        retry = error_details_pb2.RetryInfo()
        assert status.details[0].Unpack(retry)
        assert 1 <= retry.retry_delay.seconds <= 30
        assert server.metric("swash_refused_total", reason="line") == 1
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
        engine.let_go()
        for call in calls:
            the_rest(call)
        rendered(stub, asked(3))


def test_takes_tell_the_engine_what_follows_but_not_what_is_remembered(
    server: ServerThread, engine: HandEngine
) -> None:
    engine.let_go()
    with server.stub() as stub:
        rendered(stub, asked(7))
        answers = takes(stub, asked(5, takes=4))
        assert [answer.header.cached for answer in answers] == [
            pb.CACHED_NO, pb.CACHED_NO, pb.CACHED_MEMORY, pb.CACHED_NO,
        ]  # fmt: skip
        assert [{told.take for told in answer.progress} for answer in answers] == [{0}, {1}, set(), {3}]
    assert engine.begun == [7, 5, 6, 8]
    assert engine.together == [(), (6, 8), (8,), ()]


def test_what_fails_is_told_to_all_who_wait_and_the_next_is_made(server: ServerThread, engine: HandEngine) -> None:
    engine.failure = RuntimeError("the engine broke")
    with server.stub() as stub, ThreadPoolExecutor(2) as pool:
        calls = [stub.Render(asked(1), timeout=LIMIT_S) for _ in range(2)]
        for call in calls:
            progress(call)
        engine.step()
        for answer in [pool.submit(list, call) for call in calls]:
            error = answer.exception()
            assert isinstance(error, grpc.RpcError)
            assert error.code() is grpc.StatusCode.INTERNAL
            assert "broke" not in (error.details() or "")
        engine.failure = None
        engine.let_go()
        assert rendered(stub, asked(1)).trailer.frames == 48_000


def test_a_server_that_stops_does_not_wait_for_the_sounds_in_its_line(engine: HandEngine) -> None:
    with serving(engine) as server, server.stub() as stub, ThreadPoolExecutor(1) as pool:
        calls = []
        for seed in (1, 2, 3):
            calls.append(stub.Render(asked(seed), timeout=LIMIT_S))
            progress(calls[-1])
        stopping = pool.submit(server.stop)
        until(lambda: server.metric("swash_waiting_sounds") == 0, "those who wait have been told")
        engine.let_go()  # the one at work ends at its next step
        stopping.result()
    assert engine.begun == [1]
    for call in calls:
        assert isinstance(call, grpc.RpcError)
        assert call.code() is not grpc.StatusCode.OK


def test_while_an_engine_warms_up_the_server_says_so_and_makes_nothing(engine: HandEngine) -> None:
    engine.warm.clear()
    server = serving(engine)
    with ThreadPoolExecutor(1) as pool:
        entering = pool.submit(server.__enter__)
        assert engine.warming.wait(LIMIT_S)
        with server.stub() as stub:
            states = {each.state for each in stub.GetServerInfo(pb.GetServerInfoRequest()).engines}
            assert states == {pb.ENGINE_STATE_WARMING_UP}
            with pytest.raises(grpc.RpcError) as error:
                rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
            engine.warm.set()
            entering.result()
            states = {each.state for each in stub.GetServerInfo(pb.GetServerInfoRequest()).engines}
            assert states == {pb.ENGINE_STATE_READY}
    server.__exit__()
