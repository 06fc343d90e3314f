"""Traces as a collector gets them: a real server sends, a real OTLP receiver reads."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.observability.telemetry import traces_of
from swash_server.settings import InvalidSettingError, Settings
from tests.server.hand_engine import HandEngine
from tests.serving import ServerProcess, ServerThread, rendered, takes
from tests.web_calls import WebCall

WAIT_S = 30.0
SECRET = "fnordling"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "20"}  # ms between batches
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Got:
    """A span as it came."""

    def __init__(self, span: SentSpan) -> None:
        self.span = span
        self.name = re.sub(r"^swash\.(?!v1\.)", "", span.name)
        self.attributes = {
            each.key.removeprefix("swash."): getattr(each.value, each.value.WhichOneof("value") or "string_value")
            for each in span.attributes
        }

    def encloses(self, other: "Got") -> bool:
        """Return whether another lies below it, and within its time."""
        assert other.span.trace_id == self.span.trace_id
        assert other.span.parent_span_id == self.span.span_id
        mine, its = self.span, other.span
        return (
            mine.start_time_unix_nano
            <= its.start_time_unix_nano
            <= its.end_time_unix_nano
            <= mine.end_time_unix_nano
        )


class Collector:
    """Receives OTLP over HTTP, within `with`."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self._came = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["content-length"]))
                with collector._came:
                    collector._bodies.append(body)
                    collector._came.notify_all()
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def bytes(self) -> bytes:
        """Return all that came."""
        return b"".join(self._bodies)

    def spans(self) -> list[Got]:
        return [
            Got(span)
            for body in self._bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def resource(self) -> dict[str, str]:
        attributes = ExportTraceServiceRequest.FromString(self._bodies[0]).resource_spans[0].resource.attributes
        return {each.key: each.value.string_value for each in attributes}

    def call(self, method: str, which: Callable[[Got], bool] = lambda _: True) -> "Trace":
        """Wait for the span of a call; what is below it has come before, for it ended before."""
        name = f"swash.v1.SoundService/{method}"

        def found() -> Got | None:
            return next((span for span in self.spans() if span.name == name and which(span)), None)

        with self._came:
            assert self._came.wait_for(found, WAIT_S), f"no span of {method}, but {self.names()}"
        root = found()
        assert root is not None
        return Trace(root, [span for span in self.spans() if span.span.trace_id == root.span.trace_id])

    def names(self) -> list[str]:
        return [span.name for span in self.spans()]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Trace:
    """A call and what is below it."""

    def __init__(self, root: Got, spans: list[Got]) -> None:
        self.root = root
        self.spans = spans

    def below(self, parent: Got) -> dict[str, Got]:
        """Return the children by name, each within its parent; two of a name as `name tier`."""
        children = [span for span in self.spans if span.span.parent_span_id == parent.span.span_id]
        assert all(parent.encloses(child) for child in children)
        return {f"{child.name} {child.attributes.get('tier', '')}".strip(): child for child in children}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    for name, value in SOON.items():
        monkeypatch.setenv(name, value)
    with Collector() as running:
        yield running


def engines(neural: HandEngine | None = None) -> Engines:
    here: dict[str, Any] = {DEFAULT_ENGINE: ProceduralEngine()}
    return Engines(here | ({NEURAL_ENGINE: neural} if neural else {}), {})


def cached(where: str) -> Callable[[Got], bool]:
    return lambda span: span.attributes.get("cached") == where


def test_every_stage_of_a_sound_stands_below_its_call(collector: Collector, tmp_path: Path) -> None:
    request = pb.RenderRequest(prompt="rain on a tin roof", seed=3, duration_s=0.5)
    with ServerThread(engines(), store=tmp_path, otel_endpoint=collector.url) as server, server.stub() as stub:
        made = rendered(stub, request)
        trace = collector.call("Render")
    call = trace.root.attributes
    assert trace.root.span.kind == SentSpan.SPAN_KIND_SERVER
    assert (call["rpc.system.name"], call["rpc.method"]) == ("grpc", "swash.v1.SoundService/Render")
    assert (call["rpc.response.status_code"], call["transport"]) == ("OK", "grpc")
    assert (call["engine"], call["effect"], call["seed"], call["cached"]) == (
        "procedural",
        "rain/tin_roof",
        3,
        "no",
    )
    assert call["request_id"] == made.header.request_id
    assert call["bytes"] > len(made.audio)
    assert "prompt" not in call
    (take,) = trace.below(trace.root).values()
    assert (take.name, take.attributes["frames"], take.attributes["seed"]) == ("take", made.trailer.frames, 3)
    stages = trace.below(take)
    assert set(stages) == {"resolve", "lookup memory", "lookup store", "queue", "render", "measure", "store"}
    assert stages["lookup store"].attributes["found"] is False
    assert stages["render"].attributes["frames"] == made.trailer.frames
    assert [event.name for event in stages["render"].span.events] == ["swash.first_block"]
    ends = [stages[name].span.end_time_unix_nano for name in ("resolve", "queue", "render", "measure", "store")]
    assert ends == sorted(ends)
    assert {"service.name": "swash"}.items() <= collector.resource().items()
    assert b"tin roof" not in collector.bytes


def test_what_is_remembered_is_looked_up_and_not_made(collector: Collector, tmp_path: Path) -> None:
    request = pb.RenderRequest(effect="ui_click", seed=3)
    with ServerThread(engines(), store=tmp_path, otel_endpoint=collector.url) as server, server.stub() as stub:
        rendered(stub, request)
        rendered(stub, request)
        trace = collector.call("Render", cached("memory"))
        (take,) = trace.below(trace.root).values()
        assert set(trace.below(take)) == {"lookup memory"}  # an answer given again: nothing to resolve
    with ServerThread(engines(), store=tmp_path, otel_endpoint=collector.url) as server, server.stub() as stub:
        rendered(stub, request)
        trace = collector.call("Render", cached("store"))
        (take,) = trace.below(trace.root).values()
        assert set(trace.below(take)) == {"resolve", "lookup memory", "lookup store"}
        assert trace.below(take)["lookup store"].attributes["found"] is True


def test_takes_stand_side_by_side_and_a_file_is_encoded_once(collector: Collector) -> None:
    request = pb.RenderRequest(effect="ui_click", seed=3, takes=2, encoding=pb.ENCODING_FLAC)
    with ServerThread(engines(), otel_endpoint=collector.url) as server, server.stub() as stub:
        takes(stub, request)
        trace = collector.call("Render")
        both = [span for span in trace.spans if span.name == "take"]
        assert [span.attributes["take"] for span in both] == [0, 1]
        assert all(trace.root.encloses(span) and "encode" in trace.below(span) for span in both)


def test_a_neural_sound_shows_its_line_and_the_parts_of_its_making(collector: Collector) -> None:
    engine = HandEngine()
    request = pb.RenderRequest(prompt=f"a {SECRET} bell", engine=NEURAL_ENGINE, seed=1)
    with ServerThread(engines(engine), otel_endpoint=collector.url) as server, server.stub() as stub:
        engine.let_go()
        rendered(stub, request)
        trace = collector.call("Render")
        (take,) = trace.below(trace.root).values()
        stages = trace.below(take)
        assert {"queue", "render", "measure"} <= set(stages)
        assert stages["render"].attributes["engine"] == NEURAL_ENGINE
        assert set(trace.below(stages["render"])) == {"sample"}
        assert SECRET.encode() not in collector.bytes


def test_a_mistake_of_the_caller_is_no_fault_and_one_of_ours_is(collector: Collector) -> None:
    engine = HandEngine()
    engine.failure = RuntimeError(f"out of {SECRET}")
    engine.let_go()
    with ServerThread(engines(engine), otel_endpoint=collector.url) as server, server.stub() as stub:
        for request in (
            pb.RenderRequest(prompt=SECRET),
            pb.RenderRequest(prompt=SECRET, engine=NEURAL_ENGINE),
        ):
            with pytest.raises(grpc.RpcError):
                takes(stub, request)
        theirs = collector.call("Render", lambda span: span.attributes["rpc.response.status_code"] == "NOT_FOUND")
        ours = collector.call("Render", lambda span: span.attributes["rpc.response.status_code"] == "INTERNAL")
    assert theirs.root.attributes["error.type"] == "NOT_FOUND"
    assert all(span.span.status.code == Status.STATUS_CODE_UNSET for span in theirs.spans)
    assert ours.root.span.status.code == Status.STATUS_CODE_ERROR
    (render,) = [span for span in ours.spans if span.name == "render"]
    assert (render.attributes["error.type"], render.span.status.code) == ("RuntimeError", Status.STATUS_CODE_ERROR)
    assert SECRET.encode() not in collector.bytes


def test_prompts_are_in_traces_only_when_the_operator_says_so(collector: Collector) -> None:
    request = pb.RenderRequest(prompt=f"rain and {SECRET}", seed=1, duration_s=0.2)
    with (
        ServerThread(engines(), otel_endpoint=collector.url, log_prompts="on") as server,
        server.stub() as stub,
    ):
        rendered(stub, request)
        assert collector.call("Render").root.attributes["prompt"] == request.prompt


def test_a_live_session_is_one_span_with_its_frames(collector: Collector) -> None:
    opening = pb.OpenSession(unpaced=True)
    start = pb.StartVoice(voice=1, effect="ui_click")
    requests = [pb.PerformRequest(id=1, open=opening), pb.PerformRequest(id=2, start=start)]
    with ServerThread(engines(), otel_endpoint=collector.url, live_workers=1) as server, server.stub() as stub:
        answers = list(stub.Perform(iter(requests), timeout=WAIT_S))
        trace = collector.call("Perform")
    assert trace.root.attributes["frames"] == answers[-1].closed.frames > 0
    assert trace.root.attributes["engine"] == DEFAULT_ENGINE
    assert set(trace.below(trace.root)) == {"seat"}


def test_a_call_stands_below_its_callers_span_on_either_port(collector: Collector) -> None:
    request = pb.RenderRequest(effect="ui_click", seed=3)
    with ServerThread(engines(), otel_endpoint=collector.url) as server, server.stub() as stub:
        list(stub.Render(request, metadata=(("traceparent", CALLER), ("tracestate", "shop=1"))))
        list(WebCall(server.http, "Render", request.SerializeToString(), {"traceparent": CALLER}))
        list(WebCall(server.http, "Render", request.SerializeToString(), {"traceparent": "00-nonsense"}))
        roots = {
            collector.call("Render", which).root.attributes["transport"]: collector.call("Render", which).root.span
            for which in (
                lambda span: span.attributes["transport"] == "grpc",
                lambda span: span.attributes["transport"] == "grpc_web" and span.span.parent_span_id,
            )
        }
        lost = collector.call("Render", lambda span: not span.span.parent_span_id)
    for span in roots.values():
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == tuple(CALLER.split("-")[1:3])
    assert roots["grpc"].trace_state == "shop=1"
    assert lost.root.span.trace_id.hex() not in CALLER


def test_who_does_not_sample_gets_no_spans(collector: Collector) -> None:
    with ServerThread(engines(), otel_endpoint=collector.url) as server, server.stub() as stub:
        quiet = (("traceparent", f"{CALLER[:-1]}0"),)
        list(stub.Render(pb.RenderRequest(effect="ui_click", seed=3), metadata=quiet))
        stub.ListEffects(pb.ListEffectsRequest())
        collector.call("ListEffects")
    assert "take" not in collector.names()


def test_the_last_spans_are_sent_when_the_server_stops(tmp_path: Path) -> None:
    with Collector() as collector:
        standard = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        with ServerProcess(tmp_path, environment=standard) as server:
            with server.stub() as stub:
                rendered(stub, pb.RenderRequest(effect="ui_click", seed=3))
            assert collector.names() == []
            assert server.stop() == 0
        assert {"swash.v1.SoundService/Render", "take", "render", "store"} <= set(collector.names())
        (line,) = [line for line in map(json.loads, server.log) if line.get("method") == "Render"]
        assert {span.span.trace_id.hex() for span in collector.spans()} == {line["trace_id"]}


@pytest.mark.parametrize("how", ["is down", "does not answer"])
def test_a_collector_that_fails_costs_a_warning_and_nothing_else(tmp_path: Path, how: str) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        if how == "does not answer":
            mute.listen()
        flag = f"--otel-endpoint=http://127.0.0.1:{mute.getsockname()[1]}"
        with ServerProcess(tmp_path, flag, "--grace-s=1", environment=SOON) as server:
            with server.stub() as stub:
                for seed in range(5):
                    rendered(stub, pb.RenderRequest(effect="ui_click", seed=seed))
            assert server.stop() == 0
    warnings = [line for line in server.log if '"WARNING"' in line or '"ERROR"' in line]
    assert any("the last spans were not sent" in line for line in warnings)
    assert len(warnings) < 5


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys, swash_server.app\n"
        "from swash_server.settings import Settings\n"
        "from swash_server.observability.telemetry import traces_of\n"
        "traces_of(Settings(store=None))\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=WAIT_S)


def test_without_the_extra_the_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "swash_server.observability.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(InvalidSettingError, match=r"pip install 'swash\[otel\]'"):
        traces_of(Settings(store=None, otel_endpoint="http://127.0.0.1:4318"))


def test_an_endpoint_that_is_none_is_refused() -> None:
    for wrong in ("127.0.0.1:4318", "", "grpc://collector", "http://"):
        with pytest.raises(InvalidSettingError, match=r"otel-endpoint: http\(s\)://host"):
            Settings(store=None, otel_endpoint=wrong)
