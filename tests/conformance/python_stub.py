"""The script over the stubs that gRPC generates: what every other client is compared with."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.conformance.guarded import Guarded
from tests.conformance.observed import Observed
from tests.conformance.script import Call, read_lines

TIMEOUT_S = 60.0
UNARY = {"Unload", "ListEffects", "ResolvePrompt", "GetServerInfo", "Control", "Fetch"}


def observe(script: Path, server: Guarded, _kind: str) -> list[str]:
    """Make every call of a script; return a line of each."""
    if server.ca is None:
        channel = grpc.insecure_channel(server.address)
    else:
        channel = grpc.secure_channel(server.address, grpc.ssl_channel_credentials(server.ca.read_bytes()))
    with channel:
        return [_observed(SoundServiceStub(channel), call).line for call in read_lines(script)]


def _observed(stub: SoundServiceStub, call: Call) -> Observed:
    events: list[bytes] = []
    try:
        _make(stub, call, events)
    except grpc.RpcError as error:
        return _failed(call.name, error, events)
    return Observed(call.name, 0, events=tuple(events))


def _make(stub: SoundServiceStub, call: Call, events: list[bytes]) -> None:
    method = getattr(stub, call.rpc)
    timeout_s = TIMEOUT_S if call.timeout_ms is None else call.timeout_ms / 1000.0
    who = () if call.token is None else (("authorization", f"Bearer {call.token}"),)
    if call.rpc in UNARY:
        events.append(method(call.requests[0], timeout=timeout_s, metadata=who).SerializeToString())
        return
    requests: Any = iter(call.requests) if call.rpc == "Perform" else call.requests[0]
    answers = method(requests, timeout=timeout_s, metadata=who)
    for event in _until_cancelled(answers, call.cancel_after_events):
        events.append(event.SerializeToString())  # noqa: PERF401 - what came stays when the call breaks


def _until_cancelled(answers: Any, after: int | None) -> Iterator[Message]:
    for number, event in enumerate(answers, start=1):
        yield event
        if number == after:
            answers.cancel()


def _failed(name: str, error: grpc.RpcError, events: Iterable[bytes]) -> Observed:
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error)
    field, suggestions, retry_ms = _details(status.details if status else ())
    return Observed(
        name,
        error.code().value[0],
        message=error.details() or "",
        field=field,
        suggestions=suggestions,
        retry_ms=retry_ms,
        events=tuple(events),
    )


def _details(details: Iterable[Packed]) -> tuple[str, tuple[str, ...], int | None]:
    bad_request, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    resolution = pb.ResolvePromptResponse()
    field, retry_ms = "", None
    suggestions: tuple[str, ...] = ()
    for detail in details:
        if detail.Unpack(bad_request):
            field = bad_request.field_violations[0].field
        elif detail.Unpack(resolution):
            suggestions = tuple(resolution.suggestions)
        elif detail.Unpack(retry):
            retry_ms = retry.retry_delay.ToMilliseconds()
    return field, suggestions, retry_ms
