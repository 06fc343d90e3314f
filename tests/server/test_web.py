"""The HTTP port: gRPC-Web and Connect say what native gRPC says, and stop when the caller leaves."""

import json
import struct
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.wire import MAX_REQUEST_BYTES
from tests.server.hand_engine import HandEngine
from tests.serving import STOP_S, Answer, ServerProcess, ServerThread, rendered, until
from tests.web_calls import WebCall, WebError, web_unary

STREAMS = {"Render", "Listen", "Preload"}
PATH = "/swash.v1.SoundService/"


def posted(
    server: ServerProcess, method: str, body: bytes, kind: str = "application/json", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a plain POST, as curl does it."""
    told = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(f"{server.http}{PATH}{method}", body, told)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def envelopes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield flags and content of what a Connect stream is made of."""
    at = 0
    while at < len(data):
        flags, length = struct.unpack_from(">BI", data, at)
        yield flags, data[at + 5 : at + 5 + length]
        at += 5 + length


REQUESTS: dict[str, tuple[str, Message]] = {
    "an effect": ("Render", pb.RenderRequest(effect="impact", seed=3)),
    "words in Japanese": ("Render", pb.RenderRequest(prompt="トタン屋根に降る雨", seed=3, duration_s=0.5)),
    "a file": ("Render", pb.RenderRequest(effect="rain", seed=3, duration_s=0.5, encoding=pb.ENCODING_OGG_VORBIS)),
    "takes": ("Render", pb.RenderRequest(effect="impact", seed=3, takes=3)),
    "the catalogue": ("ListEffects", pb.ListEffectsRequest()),
    "an understanding": ("ResolvePrompt", pb.ResolvePromptRequest(prompt="regen auf einem blechdach")),
    "a manifest": (
        "Preload",
        pb.PreloadRequest(tag="web", manifest="swash: 1\nsounds: [{effect: impact, seed: 1}]\n"),
    ),
    "a tag": ("Unload", pb.UnloadRequest(tag="web")),
}


def natively(server: ServerProcess, method: str, request: Message) -> list[bytes]:
    """Return the answers of native gRPC."""
    with grpc.insecure_channel(server.address) as channel:
        if method in STREAMS:
            streaming: Any = channel.unary_stream(PATH + method)
            return list(streaming(request.SerializeToString(), timeout=60))
        unary: Any = channel.unary_unary(PATH + method)
        return [unary(request.SerializeToString(), timeout=60)]


def settled(method: str, answers: list[bytes]) -> list[Message]:
    """Return answers without what differs from call to call."""
    kinds: dict[str, type[Message]] = {
        "Render": pb.RenderResponse, "Preload": pb.PreloadResponse, "Unload": pb.UnloadResponse,
        "ListEffects": pb.ListEffectsResponse, "ResolvePrompt": pb.ResolvePromptResponse,
    }  # fmt: skip
    messages = [kinds[method].FromString(answer) for answer in answers]
    for message in messages:
        if isinstance(message, pb.RenderResponse) and message.HasField("header"):
            message.header.request_id = ""
            message.header.cached = pb.CACHED_UNSPECIFIED
        if isinstance(message, pb.PreloadResponse) and message.HasField("take"):
            message.take.cached = pb.CACHED_UNSPECIFIED
    return messages


@pytest.mark.parametrize("asked", REQUESTS)
def test_every_door_gives_the_same_answers(server: ServerProcess, asked: str) -> None:
    method, request = REQUESTS[asked]
    before = REQUESTS["a manifest"] if method == "Unload" else REQUESTS[asked]
    natively(server, *before)  # a one-shot's length is known from its second time on
    first = settled(method, natively(server, method, request))
    natively(server, *before)
    body = request.SerializeToString()
    by_grpc_web = [answer.SerializeToString() for answer in WebCall(server.http, method, body)]
    assert settled(method, by_grpc_web) == first
    if method in {"Render", "Preload"}:
        enveloped = struct.pack(">BI", 0, len(body)) + body
        _, headers, data = posted(server, method, enveloped, "application/connect+proto")
        assert headers["content-type"] == "application/connect+proto"
        *messages, (flags, end) = envelopes(data)
        assert (flags, json.loads(end)) == (2, {})
        assert settled(method, [message for _, message in messages]) == first


def test_a_sound_by_gRPC_Web_is_the_sound(server: ServerProcess) -> None:  # noqa: N802
    request = pb.RenderRequest(prompt="slow waves on a pebble beach", seed=7, duration_s=3.0)
    with server.stub() as stub:
        native = rendered(stub, request)
    web = Answer(list(WebCall(server.http, "Render", request.SerializeToString())))
    assert web.audio == native.audio
    assert [message.first_frame for message in web.messages] == sorted(m.first_frame for m in web.messages)
    assert len(web.messages) > 1


WRONG: dict[str, tuple[str, Message]] = {
    "a field out of range": ("Render", pb.RenderRequest(prompt="rain", duration_s=1e9)),
    "words that mean nothing": ("Render", pb.RenderRequest(prompt="zyxwq – ☂")),
    "an engine without weights": ("Render", pb.RenderRequest(prompt="rain", engine="stable_audio")),
    "a manifest with a wrong line": (
        "Preload",
        pb.PreloadRequest(tag="a", manifest="swash: 1\nsounds: [{a: 1}]"),
    ),
    "a tag that is not there": ("Unload", pb.UnloadRequest(tag="nobody")),
    "a session that is not there": ("Control", pb.ControlRequest(session="nobody")),
    "a wrong opening": ("Listen", pb.ListenRequest(open=pb.OpenSession(channels=3))),
    "no prompt": ("ResolvePrompt", pb.ResolvePromptRequest()),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_every_door_says_the_same_of_what_is_wrong(server: ServerProcess, wrong: str) -> None:
    method, request = WRONG[wrong]
    with pytest.raises(grpc.RpcError) as native:
        natively(server, method, request)
    assert isinstance(native.value, grpc.Call)
    expected = rpc_status.from_call(native.value)
    expected = expected or status_pb2.Status(code=native.value.code().value[0], message=native.value.details())
    with pytest.raises(WebError) as web:
        list(WebCall(server.http, method, request.SerializeToString()))
    assert (web.value.code(), web.value.details()) == (native.value.code(), native.value.details())
    assert list(web.value.status.details) == list(expected.details)
    if method not in STREAMS:
        status, _, body = posted(server, method, request.SerializeToString(), "application/proto")
        told = json.loads(body)
        assert status in {400, 404}
        assert told["message"] == expected.message
        assert [one["type"] for one in told.get("details", [])] == [
            one.type_url.rpartition("/")[2] for one in expected.details
        ]


@pytest.fixture
def engine() -> HandEngine:
    return HandEngine()


@pytest.fixture
def by_hand(engine: HandEngine) -> Iterator[ServerThread]:
    with ServerThread(Engines({NEURAL_ENGINE: engine, DEFAULT_ENGINE: ProceduralEngine()}, {})) as server:
        yield server
        engine.let_go()


def test_a_stream_arrives_as_it_is_made(by_hand: ServerThread, engine: HandEngine) -> None:
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=1)
    answers = iter(WebCall(by_hand.http, "Render", request.SerializeToString()))
    first = next(answers)
    assert first.HasField("progress")  # nothing has been made yet: the engine waits for this test
    engine.let_go()
    events = list(answers)
    assert events[-1].HasField("trailer")


def test_a_caller_who_leaves_stops_the_work(by_hand: ServerThread, engine: HandEngine) -> None:
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=1)
    call = WebCall(by_hand.http, "Render", request.SerializeToString())
    next(iter(call))
    call.cancel()
    call.close()
    until(
        lambda: by_hand.metric("swash_calls_total", method="Render", code="CANCELLED") == 1,
        "the call has ended",
    )


@pytest.mark.parametrize("header", [{"grpc-timeout": "300m"}, {"grpc-timeout": "300000u"}])
def test_a_deadline_ends_the_call(by_hand: ServerThread, header: dict[str, str]) -> None:
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=1)
    with pytest.raises(WebError) as late:
        list(WebCall(by_hand.http, "Render", request.SerializeToString(), header))
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_json_is_enough_to_ask_from_a_shell(server: ServerProcess) -> None:
    status, headers, body = posted(server, "ResolvePrompt", b'{"prompt": "heavy rain on a tin roof"}')
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["layers"][0]["effect"] == "rain"
    status, _, body = posted(server, "ResolvePrompt", b'{"promt": "rain"}')
    assert status == 400
    assert "promt" in json.loads(body)["message"]
    status, _, body = posted(server, "ResolvePrompt", b"\xff{")
    assert (status, json.loads(body)["code"]) == (400, "invalid_argument")


def test_what_no_call_looks_like_is_refused_in_words(server: ServerProcess) -> None:
    assert posted(server, "Sing", b"{}")[0] == 404
    assert posted(server, "Render", b"{}", "text/plain")[0] == 415
    status, _, body = posted(server, "Render", b"", "application/grpc")
    assert status == 415
    assert b"port of its own" in body
    with pytest.raises(WebError) as wrong:
        list(WebCall(server.http, "Render", b"\xff\xff\xff"))
    assert wrong.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(WebError) as large:
        list(WebCall(server.http, "Render", bytes(MAX_REQUEST_BYTES + 1)))
    assert large.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    with pytest.raises(WebError, match="Listen") as twoway:
        list(WebCall(server.http, "Perform", b""))
    assert twoway.value.code() is grpc.StatusCode.UNIMPLEMENTED


def preflight(http: str, origin: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(
        f"{http}{PATH}Render",
        method="OPTIONS",
        headers={
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-grpc-web,grpc-timeout",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers)


def test_pages_of_this_machine_may_call_and_others_only_when_allowed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--cors-origin=https://game.example") as server:
        for origin in (
            "http://localhost:3000",
            "http://127.0.0.1:8000",
            "http://[::1]:5000",
            "https://game.example",
        ):
            status, headers = preflight(server.http, origin)
            assert (status, headers["access-control-allow-origin"]) == (200, origin)
        for origin in ("https://evil.example", "http://localhost.evil.example", "null"):
            status, headers = preflight(server.http, origin)
            assert status == 400
            assert "access-control-allow-origin" not in headers
        _, headers, _ = posted(server, "ListEffects", b"{}", origin="https://game.example")
        exposed = headers["access-control-expose-headers"]
        assert {name.strip() for name in exposed.split(",")} >= {
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
        }


def test_a_call_in_flight_ends_whole_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        request = pb.RenderRequest(prompt="rain", seed=1, duration_s=60.0)
        call = WebCall(server.http, "Render", request.SerializeToString())
        answers = iter(call)
        next(answers)
        server.process.terminate()
        assert list(answers)[-1].HasField("trailer")
        assert server.process.wait(STOP_S) == 0  # asked once: a second signal would end it at once


class Desk:
    """A session of Listen that commands itself."""

    def __init__(self, http: str) -> None:
        self.http = http
        self.call = WebCall(
            http, "Listen", pb.ListenRequest(open=pb.OpenSession(unpaced=True)).SerializeToString()
        )
        self.events = iter(self.call)
        self.name = next(self.events).opened.session

    def control(self, number: int, *requests: pb.PerformRequest, end: bool = False, name: str = "") -> None:
        web_unary(
            self.http,
            "Control",
            pb.ControlRequest(session=name or self.name, number=number, requests=requests, end=end),
        )


def test_a_control_call_that_is_repeated_does_nothing_twice(server: ServerProcess) -> None:
    desk = Desk(server.http)
    begin = pb.PerformRequest(id=1, start=pb.StartVoice(voice=1, effect="rain", seed=1))
    for _ in range(3):
        desk.control(0, begin)
    desk.control(1, pb.PerformRequest(id=2, stop=pb.StopVoice(), at_frame=4800), end=True)
    desk.control(1, pb.PerformRequest(id=2, stop=pb.StopVoice(), at_frame=4800), end=True)
    events = list(desk.events)
    assert [event.applied.id for event in events if event.HasField("applied")] == [1, 2]
    assert not [event for event in events if event.HasField("refused")]
    with pytest.raises(WebError) as over:
        desk.control(2)
    assert over.value.code() is grpc.StatusCode.NOT_FOUND


def test_control_calls_out_of_order_are_refused_and_say_which_is_next(server: ServerProcess) -> None:
    desk = Desk(server.http)
    desk.control(0)
    with pytest.raises(WebError, match="number: 1, for it is the next, got 2"):
        desk.control(2)
    with pytest.raises(WebError, match="requests: at most 1000, got 1001"):
        desk.control(1, *([pb.PerformRequest(id=1, stop=pb.StopVoice())] * 1001))
    desk.control(1, end=True)
    with pytest.raises(WebError, match=r"number: at most 1|NOT_FOUND|it is over"):
        desk.control(2)
    list(desk.events)


def test_nobody_commands_a_session_whose_name_he_does_not_know(server: ServerProcess) -> None:
    one, other = Desk(server.http), Desk(server.http)
    assert one.name != other.name
    assert len(one.name) >= 20
    with pytest.raises(WebError) as unknown:
        one.control(0, name=one.name[:-1])
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    for desk in (one, other):
        desk.control(0, end=True)
        list(desk.events)
