"""Several servers behind the Envoy that ships: callers see one that does not go away."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import redis
import yaml
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash_client import Client
from swash_server.settings import Settings
from tests import tools
from tests.deploy.envoy import FILE, OPTIONS, Envoy, Node, config, free_port, nodes
from tests.deploy.prometheus import eventually
from tests.serving import rendered
from tests.web_calls import WebCall, WebError, web_unary

MAX_SESSIONS = 3
CALLS = 40
CALL_S = 60.0
SENT = "cluster.swash_grpc.upstream_rq_total"
FLAGS = (f"--max-sessions={MAX_SESSIONS}", "--live-workers=1", "--drain-s=1.5")

pytestmark = pytest.mark.xdist_group("envoy")


@dataclass
class Fleet:
    """Two servers that share a Redis, and the Envoy before them."""

    nodes: list[Node]
    envoy: Envoy
    redis: "subprocess.Popen[bytes]"
    redis_port: int

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over the servers."""
        return sum(node.metric(name, **labels) for node in self.nodes)


@contextlib.contextmanager
def running_redis(port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Give a Redis that keeps nothing."""
    command = [str(tools.redis_server()), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(CALL_S)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder, port = tmp_path_factory.mktemp("fleet"), free_port()
    with (
        running_redis(port) as shared,
        nodes(folder, 2, *FLAGS, f"--shared=redis://127.0.0.1:{port}/0") as balanced,
        Envoy(folder / "envoy", balanced) as envoy,
    ):
        envoy.expect_healthy(*balanced)
        yield Fleet(balanced, envoy, shared, port)


def click(seed: int) -> pb.RenderRequest:
    return pb.RenderRequest(effect="ui_click", seed=seed)


def status(url: str) -> int:
    """Return the HTTP status of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=CALL_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def at_once(count: int, what: Callable[[int], Any]) -> list[Any]:
    """Return what came of calls made at the same time, errors too."""

    def outcome(number: int) -> Any:
        try:
            return what(number)
        except Exception as error:  # noqa: BLE001 - counted by the test
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(outcome, range(count)))


def failed(outcomes: list[Any]) -> list[Exception]:
    return [each for each in outcomes if isinstance(each, Exception)]


def test_calls_go_to_every_server_and_the_same_sound_comes_from_each(fleet: Fleet) -> None:
    before = [node.metric("swash_calls_total", method="Render") for node in fleet.nodes]
    with fleet.envoy.stub() as stub:
        sounds = {rendered(stub, click(1)).audio for _ in range(30)}
    assert len(sounds) == 1
    for node, calls in zip(fleet.nodes, before, strict=True):
        assert node.metric("swash_calls_total", method="Render") > calls


def test_health_is_asked_through_envoy_over_both_ways(fleet: Fleet) -> None:
    with grpc.insecure_channel(fleet.envoy.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert status(f"{fleet.envoy.http}/healthz") == 200


def test_strangers_reach_the_calls_and_nothing_else(fleet: Fleet) -> None:
    for path in ("/", "/metrics", "/dashboard", "/dashboard/data", "/swash.v1.AdminService/GetStats"):
        assert status(fleet.envoy.http + path) == 404, path
    with grpc.insecure_channel(fleet.envoy.address) as channel:
        reflected: Any = channel.unary_unary("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        with pytest.raises(grpc.RpcError) as refused:
            reflected(b"", timeout=CALL_S)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_more_headers_than_anybody_needs_are_refused(fleet: Fleet) -> None:
    connection = http.client.HTTPConnection(fleet.envoy.address, timeout=CALL_S)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz", headers={f"x-{number}": "1" for number in range(200)})
        assert connection.getresponse().status == 431


def test_a_request_too_large_to_be_kept_is_answered_nevertheless(fleet: Fleet) -> None:
    with fleet.envoy.stub() as stub, pytest.raises(grpc.RpcError) as refused:
        rendered(stub, pb.RenderRequest(prompt="rain " * 1_000_000))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def web_render(envoy: Envoy) -> bytes:
    call = WebCall(envoy.http, "Render", click(1).SerializeToString())
    return b"".join(event.audio.data for event in call if event.HasField("audio"))


def test_browsers_and_native_callers_share_one_address(fleet: Fleet) -> None:
    with fleet.envoy.stub() as stub:
        native = rendered(stub, click(1)).audio
    assert web_render(fleet.envoy) == native
    asked = urllib.request.Request(
        f"{fleet.envoy.http}/swash.v1.SoundService/GetServerInfo", b"{}", {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=CALL_S) as answer:
        assert json.load(answer)["defaultEngine"] == "procedural"


class Listening:
    """A live session that is commanded by calls of their own, over gRPC-Web."""

    def __init__(self, envoy: Envoy) -> None:
        request = pb.ListenRequest(id=1, open=pb.OpenSession())
        self._call = WebCall(envoy.http, "Listen", request.SerializeToString())
        self._events = iter(self._call)
        self.name: str = next(self._events).opened.session

    def next(self, kind: str) -> Any:
        """Return the next event of a kind."""
        return next(getattr(event, kind) for event in self._events if event.HasField(kind))

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self._call.cancel()
        self._call.close()


def control(session: str, number: int, **more: Any) -> pb.ControlRequest:
    start = pb.PerformRequest(id=number + 2, start=pb.StartVoice(voice=1, effect="rain", seed=1))
    return pb.ControlRequest(session=session, number=number, requests=[start], **more)


def posted_json(envoy: Envoy, request: pb.ControlRequest) -> int:
    body = json.dumps({"session": request.session, "number": str(request.number)}).encode()
    asked = urllib.request.Request(
        f"{envoy.http}/swash.v1.SoundService/Control", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=CALL_S) as answer:
        assert answer.headers["x-swash-node"] is None
        return int(answer.status)


def test_commands_of_a_live_session_find_its_server(fleet: Fleet) -> None:
    servers = set()
    with contextlib.ExitStack() as open_sessions:
        for _ in range(MAX_SESSIONS):
            session = open_sessions.enter_context(Listening(fleet.envoy))
            servers.add(session.name.split("~")[2])
            web_unary(fleet.envoy.http, "Control", control(session.name, 0))
            assert session.next("applied").id == 2
            for number in range(1, 4):
                assert posted_json(fleet.envoy, pb.ControlRequest(session=session.name, number=number)) == 200
            with fleet.envoy.stub() as stub:  # Control over native gRPC, for whoever listens so
                for number in range(4, 7):
                    stub.Control(pb.ControlRequest(session=session.name, number=number), timeout=CALL_S)
            web_unary(fleet.envoy.http, "Control", pb.ControlRequest(session=session.name, number=7, end=True))
            session.next("closed")
    assert servers <= {str(node.grpc_port) for node in fleet.nodes}


def test_commands_of_a_session_that_is_over_or_made_up_are_refused_as_without_envoy(fleet: Fleet) -> None:
    for name in ("at~127.0.0.1~1~1~gone", "at~10.9.8.7~50051~8080~gone", "never", ""):
        with pytest.raises(WebError) as refused:
            web_unary(fleet.envoy.http, "Control", pb.ControlRequest(session=name))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND, name


def test_a_full_fleet_says_when_to_come_back_and_is_not_asked_twice(fleet: Fleet) -> None:
    refused = []
    before = fleet.total("swash_refused_total", reason="sessions")
    with contextlib.ExitStack() as ends, fleet.envoy.stub() as stub:
        for _ in range(2 * MAX_SESSIONS + 3):
            call = stub.Listen(pb.ListenRequest(id=1, open=pb.OpenSession()), timeout=CALL_S)
            ends.callback(call.cancel)
            try:
                next(call)
            except grpc.RpcError:
                refused.append(call)
        assert len(refused) >= 3
        for call in refused:
            assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            said = rpc_status.from_call(call)
            assert said is not None
            retry = error_details_pb2.RetryInfo()
            assert said.details[0].Unpack(retry)
            assert retry.retry_delay.ToTimedelta().total_seconds() > 0
        assert fleet.total("swash_refused_total", reason="sessions") - before == len(refused)


def test_no_call_is_lost_when_a_server_dies_before_it_answered(fleet: Fleet) -> None:
    """The server is frozen first, so that it is certain that it has begun nothing."""
    node, other = fleet.nodes
    node.freeze()
    sent = fleet.envoy.stat(SENT)
    with ThreadPoolExecutor(1) as aside, fleet.envoy.stub() as stub:
        calls = aside.submit(at_once, CALLS, lambda number: rendered(stub, click(1000 + number)))
        eventually(lambda: fleet.envoy.stat(SENT) - sent >= CALLS, lambda: "all are sent")
        node.kill()
        assert failed(calls.result()) == []
    assert fleet.envoy.stat("cluster.swash_grpc.upstream_rq_retry_success") > 0
    fleet.envoy.expect_healthy(other)
    node.start()
    fleet.envoy.expect_healthy(*fleet.nodes)


def test_at_most_two_of_forty_callers_notice_that_a_server_died_in_the_middle(fleet: Fleet) -> None:
    other, node = fleet.nodes
    began = threading.Event()
    with Client(fleet.envoy.address, timeout_s=CALL_S) as client:

        def heard(number: int) -> int:
            with client.stream("light rain on leaves", seed=2000 + number, duration_s=2.0) as sound:
                frames = 0
                for block in sound:
                    began.set()
                    frames += len(block)
            return frames

        with ThreadPoolExecutor(1) as aside:
            calls = aside.submit(at_once, CALLS, heard)
            assert began.wait(CALL_S)
            node.kill()
            outcomes = calls.result()
    assert len(failed(outcomes)) <= 2, failed(outcomes)
    assert {each for each in outcomes if isinstance(each, int)} == {96_000}
    fleet.envoy.expect_healthy(other)
    node.start()
    fleet.envoy.expect_healthy(*fleet.nodes)


@contextlib.contextmanager
def load(envoy: Envoy, outcomes: list[Any]) -> Iterator[None]:
    """Have callers ask again and again, for sounds that are new and for such that are not."""
    done = threading.Event()

    def ask(caller: int) -> None:
        with Client(envoy.address, timeout_s=CALL_S) as client:
            number = 0
            while not done.is_set():
                number += 1
                try:
                    seed = 10_000 * caller + number // 2
                    outcomes.append(client.render(effect="ui_click", seed=seed).header.seed)
                except Exception as error:  # noqa: BLE001 - counted by the test
                    outcomes.append(error)
                done.wait(0.02)  # a game does not ask all the time, and this machine has other things to do

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(ask, caller) for caller in range(1, 5)]
        try:
            yield
        finally:
            done.set()
    for caller in callers:
        caller.result()


def test_servers_are_restarted_one_after_the_other_and_nobody_notices(fleet: Fleet) -> None:
    outcomes: list[Any] = []
    with load(fleet.envoy, outcomes):
        for node in fleet.nodes:
            assert node.stop() == 0
            node.start()
            fleet.envoy.expect_healthy(*fleet.nodes)
            answered = len(outcomes)
            eventually(lambda: len(outcomes) > answered + 20, lambda: "calls go on")  # noqa: B023
    assert failed(outcomes) == []
    assert len(outcomes) > 100
    # Nor did one get a call before it was warm, or Envoy would have had to send it to another.
    assert [node.metric("swash_calls_total", code="UNAVAILABLE") for node in fleet.nodes] == [0.0, 0.0]


def test_two_hundred_equal_calls_are_one_sound_of_each_server_at_most(fleet: Fleet) -> None:
    """Two servers make a procedural sound in less time than one would wait for the other."""
    made = fleet.total("swash_render_seconds_count")
    with fleet.envoy.stub() as stub:
        request = pb.RenderRequest(prompt="light rain on leaves", seed=77, duration_s=3.0)
        answers = at_once(200, lambda _: rendered(stub, request).audio)
    assert failed(answers) == []
    assert len(set(answers)) == 1
    assert fleet.total("swash_render_seconds_count") - made <= len(fleet.nodes)


def test_what_one_server_has_made_another_need_not_make(fleet: Fleet) -> None:
    one, other = fleet.nodes
    request = pb.RenderRequest(prompt="light rain on leaves", seed=78, duration_s=8.0)
    with redis.Redis(port=fleet.redis_port) as shared, one.stub() as stub:
        before = shared.dbsize()
        audio = rendered(stub, request).audio
        eventually(lambda: shared.dbsize() > before, lambda: "it is shared")
    made = other.metric("swash_render_seconds_count")
    with other.stub() as stub:
        answer = rendered(stub, request)
    assert answer.audio == audio
    assert answer.header.cached == pb.CACHED_SHARED
    assert other.metric("swash_render_seconds_count") == made


def test_no_call_fails_when_what_the_servers_share_is_gone(fleet: Fleet) -> None:
    outcomes: list[Any] = []
    with load(fleet.envoy, outcomes):
        eventually(lambda: len(outcomes) > 40, lambda: "calls are answered")
        os.kill(fleet.redis.pid, signal.SIGKILL)
        fleet.redis.wait(CALL_S)
        eventually(lambda: len(outcomes) > 120, lambda: "calls go on")
    assert failed(outcomes) == []


def certificates(folder: Path) -> None:
    """Write an authority, and a certificate for `swash` and this machine, as tls.crt, tls.key and ca.crt."""
    folder.mkdir(parents=True)
    openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = [
        "-keyout",
        str(folder / "tls.key"),
        "-out",
        str(folder / "tls.crt"),
        "-days",
        "2",
        "-subj",
        "/CN=swash",
    ]
    names = ["-addext", "subjectAltName=DNS:swash,DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*openssl, *files, *names], check=True, capture_output=True)
    (folder / "ca.crt").write_bytes((folder / "tls.crt").read_bytes())


def test_with_its_options_callers_and_servers_are_reached_by_tls_alone(tmp_path: Path) -> None:
    for name in ("tls", "mtls"):
        certificates(tmp_path / "envoy" / name)
    mtls = tmp_path / "envoy/mtls"
    flags = [f"--tls-cert={mtls}/tls.crt", f"--tls-key={mtls}/tls.key", f"--tls-client-ca={mtls}/ca.crt"]
    with nodes(tmp_path, 1, *flags) as balanced, Envoy(tmp_path / "envoy", balanced, OPTIONS) as envoy:
        envoy.expect_healthy(*balanced)
        trusted = grpc.ssl_channel_credentials((tmp_path / "envoy/tls/tls.crt").read_bytes())
        with Client(envoy.address, credentials=trusted, timeout_s=CALL_S) as client:
            assert client.render(effect="ui_click", seed=1).trailer.frames > 0
        for address in (envoy.address, f"127.0.0.1:{balanced[0].grpc_port}"):
            with Client(address, timeout_s=5.0, retries=0) as client, pytest.raises(Exception, match="no server"):
                client.server_info()


def test_every_option_is_a_tag_that_the_file_explains() -> None:
    told = config().split("admin:")[0]
    for option in OPTIONS:
        assert f"sed 's/^#{option}//'" in told
        assert config([option]) != config()
    assert not re.findall(r"^#\w.*", config(OPTIONS).replace(told, ""), re.MULTILINE)


COMPOSE: dict[str, Any] = yaml.safe_load((FILE.parent / "compose.yaml").read_text())["services"]


def test_the_servers_of_compose_are_told_what_exists_and_what_a_fleet_needs() -> None:
    environment = COMPOSE["swash"]["environment"]
    fields = {f"SWASH_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert {"SWASH_NODE", "SWASH_SHARED"} <= environment.keys() <= fields
    drained_s = float(environment["SWASH_DRAIN_S"]) + Settings().grace_s
    assert drained_s + 5 <= float(COMPOSE["swash"]["stop_grace_period"].split("s")[0])
    clusters = yaml.safe_load(config())["static_resources"]["clusters"]
    for cluster, port in zip(clusters, (Settings().grpc_port, Settings().http_port), strict=True):
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        where = endpoint["endpoint"]["address"]["socket_address"]
        assert where["address"] in COMPOSE
        assert where["port_value"] == port
    (health,) = clusters[0]["health_checks"]
    noticed_s = sum(float(health[name].removesuffix("s")) for name in ("interval", "unhealthy_edge_interval"))
    assert float(environment["SWASH_DRAIN_S"]) > noticed_s


def test_compose_opens_ports_on_this_machine_alone_and_mounts_what_is_there() -> None:
    for name, service in COMPOSE.items():
        assert re.fullmatch(r".+:v?\d+\.\d+\.\d+[\w.-]*", service["image"]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for volume in service.get("volumes", ()):
            if volume.startswith("."):
                assert (FILE.parent / volume.split(":")[0]).exists(), volume
    prometheus = yaml.safe_load((FILE.parent / "prometheus.yml").read_text())
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in COMPOSE["prometheus"]["volumes"]}
    for rules in prometheus["rule_files"]:
        path = Path("/etc/prometheus") / Path(rules).relative_to("..")
        assert (FILE.parent / mounted[str(path.parent)] / path.name).exists()
