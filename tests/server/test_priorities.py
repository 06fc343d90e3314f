"""Who says how urgent a sound is, and what comes of it: on a real server, whose engine is turned by hand."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from tests.server.hand_engine import HandEngine
from tests.serving import ServerThread, rendered, until, violation_of

STEPS = 2
LIMIT_S = 60.0


@pytest.fixture
def engine() -> HandEngine:
    return HandEngine()


@pytest.fixture
def server(engine: HandEngine) -> Iterator[ServerThread]:
    engines = Engines({NEURAL_ENGINE: engine, DEFAULT_ENGINE: ProceduralEngine()}, {})
    with ServerThread(engines) as server:
        yield server
        engine.let_go()


def bell(seed: int, priority: "pb.Priority.ValueType" = pb.PRIORITY_UNSPECIFIED) -> pb.RenderRequest:
    return pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=seed, steps=STEPS, priority=priority)


def begun(stub: SoundServiceStub, request: pb.RenderRequest) -> tuple[Any, int]:
    """Return a call, and its place in the line."""
    call = stub.Render(request, timeout=LIMIT_S)
    return call, next(call).progress.queue_position


def the_end(call: Any) -> bool:
    return bool(list(call)[-1].HasField("trailer"))


def test_calls_are_served_by_what_they_say_and_those_who_say_nothing_first(
    server: ServerThread, engine: HandEngine
) -> None:
    with server.stub() as stub:
        asked = [
            bell(0),
            bell(1, pb.PRIORITY_BAKE),
            bell(2, pb.PRIORITY_PRELOAD),
            bell(3),
            bell(4, pb.PRIORITY_INTERACTIVE),
        ]
        calls = [begun(stub, request) for request in asked]
        assert [place for _, place in calls] == [0, 1, 1, 1, 2]
        for priority, waiting in (("interactive", 2), ("preload", 1), ("bake", 1)):
            assert server.metric("swash_waiting_sounds", queue="neural", priority=priority) == waiting
        assert next(calls[1][0]).progress.queue_position > 1  # told that it moved back
        engine.let_go()
        assert all(the_end(call) for call, _ in calls)
    assert engine.begun == [0, 3, 4, 2, 1]
    assert server.metric("swash_queue_wait_seconds_count", priority="bake") == 1


def test_whoever_joins_a_bake_in_a_hurry_takes_it_forward(server: ServerThread, engine: HandEngine) -> None:
    with server.stub() as stub:
        calls = [
            begun(stub, request)[0]
            for request in (bell(0), bell(1, pb.PRIORITY_PRELOAD), bell(2, pb.PRIORITY_BAKE), bell(2))
        ]
        engine.let_go()
        assert all(map(the_end, calls))
    assert engine.begun == [0, 2, 1]


def test_a_preload_comes_after_whoever_waits_and_before_a_bake(server: ServerThread, engine: HandEngine) -> None:
    def preload(seed: int, **fields: Any) -> Any:
        sounds = pb.PreloadSounds(sounds=[bell(seed, pb.PRIORITY_INTERACTIVE)])  # of the sounds it does not count
        call = stub.Preload(pb.PreloadRequest(sounds=sounds, tag=f"tag {seed}", **fields), timeout=LIMIT_S)
        assert next(call).HasField("progress")
        return call

    with server.stub() as stub:
        first, _ = begun(stub, bell(0))
        baking, _ = begun(stub, bell(1, pb.PRIORITY_BAKE))
        preloading = preload(2)
        last, place = begun(stub, bell(3))
        assert place == 1
        engine.let_go()
        assert all(map(the_end, (first, baking, last)))
        assert list(preloading)[-1].take.key
    assert engine.begun == [0, 3, 2, 1]


@pytest.mark.parametrize(
    ("priority", "name"), [(pb.PRIORITY_BAKE, "bake"), (pb.PRIORITY_INTERACTIVE, "interactive")]
)
def test_a_preload_may_say_that_it_is_in_a_hurry_or_in_none(
    server: ServerThread, engine: HandEngine, priority: "pb.Priority.ValueType", name: str
) -> None:
    with server.stub() as stub:
        first, _ = begun(stub, bell(0))
        sounds = pb.PreloadSounds(sounds=[bell(1)])
        call = stub.Preload(pb.PreloadRequest(sounds=sounds, tag="t", priority=priority), timeout=LIMIT_S)
        until(lambda: waits(server, name) == 1, "it waits")
        engine.let_go()
        assert the_end(first)
        assert list(call)[-1].take.key


def waits(server: ServerThread, priority: str) -> float:
    return server.metric("swash_waiting_sounds", queue="neural", priority=priority)


def test_a_priority_that_is_none_is_refused_with_those_that_are(server: ServerThread) -> None:
    with server.stub() as stub:
        request = pb.RenderRequest(effect="ui_click", priority=9)  # type: ignore[arg-type]
        violation = violation_of(stub, request)
        assert violation.field == "priority"
        assert "PRIORITY_BAKE" in violation.description
        assert violation.description.endswith("got 9")
        with pytest.raises(grpc.RpcError, match="priority"):
            list(stub.Preload(pb.PreloadRequest(tag="t", priority=9)))  # type: ignore[arg-type]


def test_a_priority_is_no_part_of_the_sound(server: ServerThread) -> None:
    with server.stub() as stub:
        made = rendered(stub, pb.RenderRequest(effect="ui_click", seed=5, priority=pb.PRIORITY_BAKE))
        again = rendered(stub, pb.RenderRequest(effect="ui_click", seed=5))
    assert (made.header.cached, again.header.cached) == (pb.CACHED_NO, pb.CACHED_MEMORY)
    assert made.header.key == again.header.key
