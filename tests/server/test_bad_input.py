"""Bad input: a clear error that names field, range and value; nothing is lost, and the next call works."""

import resource
import socket
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from tests.serving import ServerProcess, rendered, takes, violation_of

NAN, INFINITY = float("nan"), float("inf")
RAIN: dict[str, Any] = {"effect": "rain"}


def number(value: float) -> pb.ParameterValue:
    return pb.ParameterValue(number=value)


INVALID: list[tuple[dict[str, Any], str, str]] = [
    ({**RAIN, "duration_s": 0.0}, "duration_s", "got 0"),
    ({**RAIN, "duration_s": -1.0}, "duration_s", "above 0 and at most 120"),
    ({**RAIN, "duration_s": NAN}, "duration_s", "got nan"),
    ({**RAIN, "duration_s": INFINITY}, "duration_s", "got inf"),
    ({**RAIN, "duration_s": 1e9}, "duration_s", "got 1e+09"),
    ({"effect": "vuvuzela"}, "effect", "vuvuzela"),
    ({"effect": "rain/on_mars"}, "effect", "on_mars"),
    ({"effect": ""}, "effect", "unknown"),
    ({}, "sound", "neither"),
    ({**RAIN, "parameters": {"loudness": number(1)}}, "parameters[loudness]", "unknown for rain"),
    ({**RAIN, "parameters": {"intensity": number(1.5)}}, "parameters[intensity]", "0 to 1"),
    ({**RAIN, "parameters": {"intensity": number(NAN)}}, "parameters[intensity]", "got nan"),
    ({**RAIN, "parameters": {"intensity": pb.ParameterValue()}}, "parameters[intensity]", "neither"),
    ({**RAIN, "parameters": {"intensity": pb.ParameterValue(choice="a lot")}}, "parameters[intensity]", "a lot"),
    ({**RAIN, "parameters": {"surface": pb.ParameterValue(choice="lava")}}, "parameters[surface]", "lava"),
    ({**RAIN, "parameters": {"surface": number(3)}}, "parameters[surface]", "one of"),
    ({**RAIN, "parameters": {f"p{i}": number(0) for i in range(100)}}, "parameters", "at most 64"),
    ({**RAIN, "encoding": 99}, "encoding", "99"),
    ({**RAIN, "sample_rate": 1}, "sample_rate", "8000 to 96000, got 1"),
    ({**RAIN, "sample_rate": 1_000_000}, "sample_rate", "got 1e+06"),
    ({**RAIN, "encoding": pb.ENCODING_OGG_OPUS, "sample_rate": 44_100}, "sample_rate", "48000"),
    ({**RAIN, "channels": 0}, "channels", "1 to 2"),
    ({**RAIN, "channels": 6}, "channels", "got 6"),
    ({**RAIN, "takes": 0}, "takes", "1 to 32"),
    ({**RAIN, "takes": 33}, "takes", "got 33"),
    ({**RAIN, "loudness_lufs": 3.0}, "loudness_lufs", "-60 to -5"),
    ({**RAIN, "ceiling_dbtp": 1.0}, "ceiling_dbtp", "-30 to 0"),
    ({**RAIN, "loop": True, "duration_s": 0.2}, "duration_s", "loop"),
    ({**RAIN, "loop": True, "duration_s": 119.0}, "duration_s", "60"),
    ({"effect": "impact", "loop": True}, "loop", "ends by itself"),
    ({**RAIN, "first_frame": 5, "encoding": pb.ENCODING_WAV}, "first_frame", "PCM"),
    ({**RAIN, "engine": "banjo"}, "engine", "procedural"),
    ({"prompt": ""}, "prompt", "got none"),
    ({"prompt": "   \n"}, "prompt", "got none"),
    ({"prompt": "rain\x00fall"}, "prompt", "U+0000 at character 5"),
    ({"prompt": "rain " * 200_000}, "prompt", "got 1000000"),
]


@pytest.mark.parametrize(("fields", "field", "said"), INVALID, ids=lambda value: str(value)[:40])
def test_what_is_out_of_range_is_named(
    server: ServerProcess, fields: dict[str, Any], field: str, said: str
) -> None:
    with server.stub() as stub:
        violation = violation_of(stub, pb.RenderRequest(**fields))
        assert violation.field == field
        assert said in violation.description
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))


@pytest.mark.parametrize("prompt", ["🌊🔥🎸", "xyzzy plugh", "a jazz piano solo", "…", "ጥሩ"])
def test_words_that_mean_nothing_are_refused_with_suggestions(server: ServerProcess, prompt: str) -> None:
    with server.stub() as stub:
        with pytest.raises(grpc.RpcError) as error:
            takes(stub, pb.RenderRequest(prompt=prompt))
        assert error.value.code() is grpc.StatusCode.NOT_FOUND
        assert isinstance(error.value, grpc.Call)
        status = rpc_status.from_call(error.value)
        assert status is not None
        advice = pb.ResolvePromptResponse()
        assert status.details[0].Unpack(advice)
        assert len(advice.suggestions) == 3
        for suggestion in advice.suggestions:  # what is suggested works
            rendered(stub, pb.RenderRequest(prompt=suggestion, duration_s=0.2, seed=1))


def test_the_neural_engine_says_that_it_is_not_here(server: ServerProcess) -> None:
    with server.stub() as stub:
        with pytest.raises(grpc.RpcError) as error:
            takes(stub, pb.RenderRequest(prompt="rain", engine="stable_audio"))
        assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "--model" in (error.value.details() or "")


def test_a_message_above_the_limit_is_refused_and_the_connection_lives(server: ServerProcess) -> None:
    with server.stub() as stub:
        with pytest.raises(grpc.RpcError) as error:
            takes(stub, pb.RenderRequest(prompt="rain " * 2_000_000))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))


def test_a_thousand_connections_that_say_nothing_shut_nobody_out(server: ServerProcess) -> None:
    host, _, port = server.address.rpartition(":")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))  # for our own ends of them
    with ExitStack() as stack, server.stub() as stub:
        for _ in range(1000):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
        answer = rendered(stub, pb.RenderRequest(effect="ui_click", seed=1), timeout_s=30)
        assert answer.trailer.frames > 0


def test_bytes_that_are_no_message_get_a_status(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        call: Any = channel.unary_stream("/swash.v1.SoundService/Render")
        with pytest.raises(grpc.RpcError) as error:
            list(call(b"\xff\xff\xff\xff garbage", timeout=10))
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with server.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))


def test_an_unknown_method_is_unimplemented(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        sing: Any = channel.unary_unary("/swash.v1.SoundService/Sing")
        with pytest.raises(grpc.RpcError) as error:
            sing(b"", timeout=10)
        assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("prompt", ["", "x" * 1001, "\x07"])
def test_resolve_is_as_strict_as_render(server: ServerProcess, prompt: str) -> None:
    with server.stub() as stub:
        with pytest.raises(grpc.RpcError) as error:
            stub.ResolvePrompt(pb.ResolvePromptRequest(prompt=prompt), timeout=10)
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
