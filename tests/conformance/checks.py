"""What must be true of every call, whichever client made it."""

import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import grpc
import soundfile
from google.protobuf import json_format
from google.protobuf.message import Message

from swash.v1 import sound_pb2 as pb
from tests.conformance.observed import Observed
from tests.conformance.script import RESPONSES, Call

MessageT = TypeVar("MessageT", bound=Message)

OK = 0
SAMPLE_BYTES = {pb.ENCODING_PCM_S16LE: 2, pb.ENCODING_PCM_F32LE: 4}
LOSSLESS_FILES = {pb.ENCODING_WAV, pb.ENCODING_FLAC}


def check_expectation(call: Call, seen: Observed, *, in_order: bool = True) -> None:
    """Fail unless a call ended as the script expects; the words of `expect` are told in README.md.

    Not `in_order`: the client does not tell its caller in which order answers and audio came.
    """
    expect = call.expect
    code = grpc.StatusCode[expect.get("code", "OK")]
    assert seen.code == code.value[0], f"{code.name} was due, not {seen.code}: {seen.message}"
    assert expect.get("message", "") in seen.message
    assert seen.field == expect.get("field", "") or "field" not in expect
    assert seen.suggestions or not expect.get("suggestions")
    told = [json_format.MessageToDict(event, preserving_proto_field_name=True) for event in joined(call, seen)]
    if "among" in expect:
        rest = iter(told)
        for due in expect["among"]:
            assert any(_holds(due, event) for event in (rest if in_order else told)), f"{due} did not come"
    elif code is grpc.StatusCode.OK:
        assert len(told) == len(expect["events"]), f"{len(expect['events'])} events were due, not {len(told)}"
        for due, event in zip(expect["events"], told, strict=True):
            assert _holds(due, event), f"{due} was due, not {str(event)[:500]}"


def check_sound(call: Call, seen: Observed) -> None:
    """Fail unless every frame came, in order, and is what the server made by its SHA-256."""
    if call.rpc == "Render" and seen.code == OK:
        _check_takes(call.requests[0], [_parsed(pb.RenderResponse, event) for event in seen.events])
    elif call.rpc == "Fetch" and seen.code == OK:
        asked: Any = call.requests[0]
        whole = _parsed(pb.FetchResponse, seen.events[0])
        _check_take(asked.render, whole.header, whole.data, whole.trailer)
    elif call.rpc == "Perform" and seen.code == OK:
        _check_session([_parsed(pb.PerformResponse, event) for event in seen.events])


def comparable(call: Call, seen: Observed) -> dict[str, Any]:
    """Return what must be the same whoever asks: all but what is said of one call alone."""
    if seen.code != OK and "message" not in call.expect:
        return {"code": seen.code}  # the words are those of a client or its transport, and so is what came before
    return {
        "code": seen.code,
        "message": seen.message,
        "field": seen.field,
        "suggestions": seen.suggestions,
        "retry_ms": seen.retry_ms,
        "events": _settled(call, joined(call, seen)),
    }


def joined(call: Call, seen: Observed) -> list[Message]:
    """Return the events of a call, neighbouring audio joined: how it is cut is nobody's promise."""
    events: list[Any] = []
    for data in seen.events:
        event: Any = _parsed(RESPONSES[call.rpc], data)
        is_audio = call.rpc in {"Render", "Perform"} and event.HasField("audio")
        if is_audio and events and events[-1].HasField("audio"):
            events[-1].audio.data += event.audio.data
        else:
            events.append(event)
    if call.rpc == "Perform":
        _number_as_sent(call, events)
    return events


def _number_as_sent(call: Call, events: Iterable[pb.PerformResponse]) -> None:
    """Give the answers of a session the script's numbers: a client numbers its commands itself, in their order."""
    answers = [getattr(event, kind) for event in events for kind in ("applied", "refused") if event.HasField(kind)]
    sent: Any = call.requests[1:]
    numbers = dict(zip(sorted(answer.id for answer in answers), (request.id for request in sent), strict=False))
    for answer in answers:
        answer.id = numbers[answer.id]


def _settled(call: Call, events: Sequence[Any]) -> list[str]:
    """Return events without what differs from call to call, as texts that a test can show."""
    if call.rpc == "Perform":
        return _settled_session(events)
    for event in events:
        if call.rpc == "Render":
            for field in ("request_id", "cached", "frames"):  # the frames are told as soon as they are known
                event.header.ClearField(field) if event.HasField("header") else None
            if event.HasField("trailer"):
                event.trailer.ClearField("render_s")
        elif call.rpc == "Fetch":
            for field in ("request_id", "cached"):
                event.header.ClearField(field)
            event.trailer.ClearField("render_s")
        elif call.rpc == "Preload":
            event.take.ClearField("cached")
        elif call.rpc == "Unload":
            event.ClearField("stored_bytes")
        elif call.rpc == "GetServerInfo":
            event.ClearField("uptime")
    if call.rpc == "Preload":  # takes are made at once, and ready in any order
        events = sorted(events, key=lambda event: (event.sound, event.take.take))
        for event in events:
            event.ClearField("done")
    return [_text(event) for event in events]


def _settled_session(events: Sequence[Any]) -> list[str]:
    """Return the events of a session, then its log, then its audio.

    Not in their order, which not every client tells; the log has it, and `among` checks it where it is told.
    """
    lines: list[str] = []
    for event in events:
        kind = event.WhichOneof("event")
        told = getattr(event, kind)
        if kind in {"opened", "applied", "closed"}:
            lines += filter(None, told.log_line.split("\n"))
            told.ClearField("log_line")
        if kind == "opened":
            for field in ("id", "request_id", "session"):
                told.ClearField(field)
    audio = b"".join(event.audio.data for event in events)
    told_of = sorted(_text(event) for event in events if not event.HasField("audio"))
    return [*told_of, *lines, f"{len(audio)} bytes, {hashlib.sha256(audio).hexdigest()}"]


def _check_takes(request: Any, events: Iterable[pb.RenderResponse]) -> None:
    header = pb.Header()
    audio = bytearray()
    takes = 0
    for event in events:
        if event.HasField("header"):
            header, audio = event.header, bytearray()
            assert header.take == takes
        elif event.HasField("audio"):
            if header.encoding in SAMPLE_BYTES:
                frame = request.first_frame + len(audio) // _frame_bytes(header)
                assert event.audio.first_frame == frame, "frames are missing"
            audio += event.audio.data
        elif event.HasField("trailer"):
            _check_take(request, header, bytes(audio), event.trailer)
            takes += 1
    assert takes == (request.takes or 1)


def _check_take(request: Any, header: pb.Header, audio: bytes, trailer: pb.Trailer) -> None:
    assert not header.HasField("frames") or header.frames == trailer.frames
    if header.encoding in LOSSLESS_FILES:
        audio = soundfile.read(io.BytesIO(audio), dtype="int16")[0].astype("<i2").tobytes()
    elif header.encoding not in SAMPLE_BYTES:
        assert soundfile.info(io.BytesIO(audio)).samplerate == header.sample_rate
        return
    frame_bytes = header.channels * SAMPLE_BYTES.get(header.encoding, 2)
    assert request.first_frame + len(audio) // frame_bytes == trailer.frames
    if not request.first_frame:
        assert hashlib.sha256(audio).digest() == trailer.sha256


def _check_session(events: Sequence[pb.PerformResponse]) -> None:
    assert events[0].HasField("opened")
    assert events[-1].HasField("closed")
    opened, closed = events[0].opened, events[-1].closed
    audio = bytearray()
    for event in events:
        if event.HasField("audio"):
            assert event.audio.first_frame == len(audio) // _frame_bytes(opened), "frames are missing"
            audio += event.audio.data
    assert len(audio) == closed.frames * _frame_bytes(opened)
    assert hashlib.sha256(audio).digest() == closed.sha256


def _frame_bytes(told: pb.Header | pb.SessionOpened) -> int:
    return told.channels * SAMPLE_BYTES[told.encoding]


def _holds(due: Any, told: Any) -> bool:
    """Return whether `told` has all of `due`: of a list the first ones, of a number nearly the same."""
    if isinstance(due, dict):
        return isinstance(told, dict) and all(
            _holds(value, told.get(name, _none(value))) for name, value in due.items()
        )
    if isinstance(due, list):
        return isinstance(told, list) and len(told) >= len(due) and all(map(_holds, due, told))
    if isinstance(due, float):
        return isinstance(told, int | float) and math.isclose(due, told, abs_tol=0.3)
    return bool(due == told)


def _none(value: Any) -> Any:
    """Return what a field says that proto3 leaves out for it is zero."""
    return "0" if value == "0" else type(value)()


def _text(event: Message) -> str:
    return json_format.MessageToJson(event, preserving_proto_field_name=True, sort_keys=True, indent=None)


def _parsed(kind: type[MessageT], data: bytes) -> MessageT:
    message = kind()
    message.ParseFromString(data)
    return message
