"""What the server tells operators of itself; tests/deploy has a real Prometheus read it."""

import math
from pathlib import Path

import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.observability.metrics import Metrics
from swash_server.observability.vitals import Vitals
from tests.server.hand_engine import HandEngine
from tests.serving import ServerProcess, ServerThread, rendered, until
from tests.web_calls import WebCall, web_unary

CLICK = pb.RenderRequest(effect="ui_click", seed=1)


def serving(*engines: HandEngine, **settings: object) -> ServerThread:
    here = {DEFAULT_ENGINE: ProceduralEngine(), **{engine.name: engine for engine in engines}}
    absent = {} if engines else {NEURAL_ENGINE: "bring it"}
    return ServerThread(Engines(here, absent), **settings)  # type: ignore[arg-type]


def test_calls_are_counted_by_the_way_that_they_come(server: ServerProcess) -> None:
    def counted(method: str) -> dict[str, float]:
        return {
            transport: server.metric("swash_calls_total", method=method, code="OK", transport=transport)
            for transport in ("grpc", "grpc_web", "connect")
        }

    before = counted("Render")
    with server.stub() as stub:
        rendered(stub, CLICK)
    list(WebCall(server.http, "Render", CLICK.SerializeToString()))
    web_unary(server.http, "GetServerInfo", pb.GetServerInfoRequest())
    after = counted("Render")
    assert {way: after[way] - before[way] for way in after} == {"grpc": 1, "grpc_web": 1, "connect": 0}
    assert sum(counted("GetServerInfo").values()) >= 1


def test_first_frames_are_told_by_the_engine_that_was_asked_for() -> None:
    with serving() as server, server.stub() as stub:
        instead = rendered(
            stub, pb.RenderRequest(prompt="rain", engine=NEURAL_ENGINE, duration_s=0.5, fallback=True)
        )
        assert instead.header.engine == DEFAULT_ENGINE
        assert server.metric("swash_first_frames_seconds_count", engine=NEURAL_ENGINE) == 1
        assert server.metric("swash_first_frames_seconds_count", engine=DEFAULT_ENGINE) == 0


def test_an_engine_is_up_once_it_is_warm_and_one_that_nobody_wants_is_not_shown() -> None:
    engine = HandEngine()
    with serving(engine) as server:
        assert server.metric("swash_engine_up", engine=DEFAULT_ENGINE) == 1
        assert server.metric("swash_engine_up", engine=NEURAL_ENGINE) == 1
    broken = HandEngine(warm_up=RuntimeError("its weights are gone"))
    with serving(broken) as server:
        assert server.metric("swash_engine_up", engine=DEFAULT_ENGINE) == 1
        assert server.metric("swash_engine_up") == 1
    with serving() as server:
        assert not server.metric("swash_engine_up", engine=NEURAL_ENGINE)


def test_a_sound_that_the_store_cannot_keep_is_counted_and_heard_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a file and no folder"
    file.touch()
    with serving(store=file) as server, server.stub() as stub:
        assert rendered(stub, CLICK).trailer.frames > 0
        assert server.metric("swash_store_unwritten_total") == 1
    with serving(store=tmp_path / "store") as server, server.stub() as stub:
        rendered(stub, CLICK)
        assert server.metric("swash_store_unwritten_total") == 0


def test_how_late_the_event_loop_wakes_up_is_told_while_the_server_lives(server: ServerProcess) -> None:
    before = server.metric("swash_event_loop_lag_seconds_count")
    until(lambda: server.metric("swash_event_loop_lag_seconds_count") > before, "it has woken up")


@pytest.mark.parametrize("folder", [None, Path("/no/such/disk")], ids=["no store", "no disk"])
async def test_room_that_nobody_knows_is_no_number(folder: Path | None) -> None:
    metrics = Metrics()
    vitals = Vitals(metrics, folder)
    await vitals.look()
    await vitals.stop()
    for name in ("swash_store_disk_free_bytes", "swash_store_disk_bytes"):
        value = metrics.registry.get_sample_value(name)
        assert value is not None
        assert math.isnan(value)


def test_what_has_not_happened_yet_is_told_as_nought() -> None:
    registry = Metrics().registry
    for name, labels in {
        "swash_refused_total": {"reason": "line"},
        "swash_fallbacks_total": {"reason": "late"},
        "swash_cache_lookups_total": {"cached": "memory"},
        "swash_live_commands_total": {"outcome": "refused"},
        "swash_preloads_total": {"outcome": "failed"},
    }.items():
        assert registry.get_sample_value(name, labels) == 0.0
