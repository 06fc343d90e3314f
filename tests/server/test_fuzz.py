"""Whatever bytes come as a call, by either door: a status that fits, never INTERNAL, and a server that goes on.

By hand and at length: SWASH_FUZZ=2000 pytest tests/server/test_fuzz.py
"""

import os
import struct
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swash.v1 import sound_pb2 as pb
from swash_server.doors.rpcs import SERVICE
from tests.serving import ServerProcess, rendered

EXAMPLES = int(os.environ.get("SWASH_FUZZ", "12"))
PATH = f"/{SERVICE.full_name}/"
METHODS = sorted(method.name for method in SERVICE.methods)
FITTING = {
    grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED,
}  # fmt: skip
NUMBERS = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 1e-320, 1e308, float("inf"), float("-inf"), float("nan")])
)
WORDS = st.one_of(
    st.sampled_from(["rain", "wind", "ui_click", "rain/tin_roof", "stable_audio", "intensity"]), st.text()
)
DAMAGE = st.sampled_from(["none", "none", "cut", "flip", "noise", "no utf-8"])
# A call may take long that asks for much: it is left then.
ENOUGH_S, ENOUGH_MESSAGES = 2.0, 20
run = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: NUMBERS,
    FieldDescriptor.TYPE_STRING: WORDS.map(lambda text: text.encode("utf-8", "ignore").decode()),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=300),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_ENUM: st.integers(-3, 40),
    FieldDescriptor.TYPE_UINT32: st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1)),
    FieldDescriptor.TYPE_UINT64: st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1)),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
}


def values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    """Return what a field may hold, within its type."""
    return messages(field.message_type) if field.message_type is not None else SCALARS[field.type]


@st.composite
def messages(draw: st.DrawFn, kind: Descriptor) -> Message:
    """Draw a message of a kind, some of its fields set."""
    message: Message = _class_of(kind)()
    for field in kind.fields:
        if draw(st.integers(0, 2)) == 0:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key in draw(st.lists(WORDS, max_size=3)):
                clean = key.encode("utf-8", "ignore").decode()
                value = draw(values(field.message_type.fields_by_name["value"]))
                entries = getattr(message, field.name)
                if isinstance(value, Message):
                    entries[clean].CopyFrom(value)
                else:
                    entries[clean] = value
        elif field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(values(field), max_size=3)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(draw(values(field)))
        else:
            setattr(message, field.name, draw(values(field)))
    return message


def _class_of(kind: Descriptor) -> type[Message]:
    return message_factory.GetMessageClass(kind)


@st.composite
def requests(draw: st.DrawFn, method: str) -> bytes:
    """Draw the bytes of a request, valid or damaged."""
    data = draw(messages(SERVICE.methods_by_name[method].input_type)).SerializeToString()
    match draw(DAMAGE):
        case "cut":
            return data[: draw(st.integers(0, len(data)))]
        case "flip" if data:
            at = draw(st.integers(0, len(data) - 1))
            return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
        case "noise":
            return draw(st.binary(max_size=2000))
        case "no utf-8":
            return data + b"\x0a\x03\xff\xfe\xc0"
    return data


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server, and hold it to this at the end: it still serves, and has logged no mistake of ours."""
    with ServerProcess(tmp_path_factory.mktemp("store"), "--live-workers=1") as running:
        yield running
        with running.stub() as stub:
            assert rendered(stub, pb.RenderRequest(effect="ui_click", seed=1)).trailer.frames > 0
        told = "".join(running.log)
        assert "Traceback" not in told
        assert '"ERROR"' not in told


@pytest.fixture(scope="module")
def channel(fuzzed: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(fuzzed.address) as channel:
        yield channel


def code_of(call: Any) -> grpc.StatusCode:
    """Return how a call ends, of which no more than enough is read."""
    try:
        for number, _ in enumerate(call):
            if number == ENOUGH_MESSAGES:
                call.cancel()
                return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("method", METHODS)
def test_any_request_gets_a_status_that_fits(fuzzed: ServerProcess, channel: grpc.Channel, method: str) -> None:
    call: Any = channel.stream_stream(PATH + method)

    @run
    @given(requests(method))
    def ask(request: bytes) -> None:
        assert code_of(call(iter([request]), timeout=ENOUGH_S)) in FITTING

    ask()
    assert fuzzed.metric("swash_calls_total", code="INTERNAL") == 0
    assert fuzzed.metric("swash_calls_total", code="UNKNOWN") == 0


def test_any_commands_of_a_live_session_are_answered(fuzzed: ServerProcess, channel: grpc.Channel) -> None:
    perform: Any = channel.stream_stream(PATH + "Perform")
    opened = pb.PerformRequest(open=pb.OpenSession(unpaced=True)).SerializeToString()

    @run
    @given(st.lists(requests("Perform"), max_size=8))
    def play(commands: list[bytes]) -> None:
        assert code_of(perform(iter([opened, *commands]), timeout=ENOUGH_S)) in FITTING

    play()
    assert fuzzed.metric("swash_calls_total", code="INTERNAL") == 0


def answered(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize(
    "kind",
    [
        "application/grpc-web+proto",
        "application/proto",
        "application/json",
        "application/connect+proto",
        "text/html",
    ],
)
def test_any_body_over_http_gets_an_answer(fuzzed: ServerProcess, kind: str) -> None:
    @run
    @given(
        st.sampled_from(["Render", "ListEffects", "Control", "Unload"]), st.binary(max_size=2000), st.booleans()
    )
    def post(method: str, content: bytes, enveloped: bool) -> None:
        body = struct.pack(">BI", content[0] if content else 0, len(content)) + content if enveloped else content
        request = urllib.request.Request(fuzzed.http + PATH + method, body, {"content-type": kind})
        status, answer = answered(request)
        assert status in {200, 400, 404, 408, 413, 415, 429, 501}, answer
        assert b"grpc-status: 13" not in answer

    post()
    assert fuzzed.metric("swash_calls_total", code="INTERNAL") == 0
