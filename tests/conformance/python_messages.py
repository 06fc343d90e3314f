"""Between the contract's messages and what the clients in Python take and give instead."""

import hashlib
from collections.abc import Iterable
from typing import Any

import grpc
import numpy as np
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from swash.v1 import sound_pb2 as pb
from swash_client import (
    Block,
    DamagedSoundError,
    DeadlineError,
    InternalError,
    InvalidRequestError,
    NotReadyError,
    Opened,
    OverloadedError,
    PermissionDeniedError,
    PreloadedTake,
    Sound,
    SoundFile,
    SwashError,
    UnauthenticatedError,
    UnavailableError,
    UnknownSoundError,
    UnknownTagError,
    Unloaded,
    Value,
    Voice,
)
from swash_client.live import Answer, Desk
from tests.conformance.observed import Observed

PCM = {"pcm_s16le", "pcm_f32le"}
CODES: dict[type[SwashError], grpc.StatusCode] = {
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    DeadlineError: grpc.StatusCode.DEADLINE_EXCEEDED,
    UnknownSoundError: grpc.StatusCode.NOT_FOUND,
    UnknownTagError: grpc.StatusCode.NOT_FOUND,
    OverloadedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    NotReadyError: grpc.StatusCode.FAILED_PRECONDITION,
    InternalError: grpc.StatusCode.INTERNAL,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    DamagedSoundError: grpc.StatusCode.DATA_LOSS,
}


class LeftError(Exception):
    """The caller has gone, as the script told it to: the clients say nothing to whoever leaves."""


def ended(name: str, error: Exception, events: Iterable[bytes]) -> Observed:
    """Return how a call ended that did not end well."""
    if isinstance(error, LeftError):
        return Observed(name, grpc.StatusCode.CANCELLED.value[0], events=tuple(events))
    assert isinstance(error, SwashError), error
    retry_after_s = getattr(error, "retry_after_s", None)
    violations = getattr(error, "violations", ())
    return Observed(
        name,
        CODES[type(error)].value[0],
        message=str(error),
        field=violations[0].field if violations else "",
        suggestions=getattr(error, "suggestions", ()),
        retry_ms=None if retry_after_s is None else round(retry_after_s * 1000.0),
        events=tuple(events),
    )


def keywords_of(request: pb.RenderRequest) -> dict[str, Any]:
    """Return a request as the keywords of `Client.render`, its takes and encoding among them."""
    given = {field.name: value for field, value in request.ListFields()}
    if request.priority:
        given["priority"] = pb.Priority.Name(request.priority).removeprefix("PRIORITY_").lower()
    return {**given, "parameters": values_of(request.parameters), "encoding": encoding_name(request.encoding)}


def live_keywords_of(request: pb.OpenSession) -> dict[str, Any]:
    """Return how a session opens as the keywords of `Client.perform`."""
    given = {field.name: value for field, value in request.ListFields()}
    return {**given, "encoding": encoding_name(request.encoding)}


def manifest_of(request: pb.PreloadRequest) -> Any:
    """Return what is to be made ready as `Client.preload` takes it."""
    return request.manifest or [keywords_of(sound) for sound in request.sounds.sounds]


def encoding_name(number: int) -> str:
    """Return "wav" for ENCODING_WAV, and what the server chooses where nothing is said."""
    name = pb.Encoding.Name(pb.Encoding.ValueType(number or pb.ENCODING_PCM_S16LE))
    return name.removeprefix("ENCODING_").lower()


def values_of(parameters: Any) -> dict[str, Value]:
    """Return parameters by name."""
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in parameters.items()}


def take_events(sound: Sound | SoundFile) -> list[bytes]:
    """Return a whole take as the events it came in."""
    data = sound.data if isinstance(sound, SoundFile) else pcm_of(sound.samples, sound.header.encoding)
    return [header_event(sound.header), audio_event(data), trailer_event(sound.trailer)]


def header_event(header: Any) -> bytes:
    """Return a header as its event."""
    return pb.RenderResponse(header=filled(pb.Header(), header)).SerializeToString()


def audio_event(data: bytes, first_frame: int = 0) -> bytes:
    """Return some audio of a take as its event."""
    return pb.RenderResponse(audio=pb.Audio(data=data, first_frame=first_frame)).SerializeToString()


def trailer_event(trailer: Any) -> bytes:
    """Return a trailer as its event."""
    return pb.RenderResponse(trailer=filled(pb.Trailer(), trailer)).SerializeToString()


def preload_event(event: Any) -> bytes:
    """Return what became of a preloaded take as its event."""
    assert isinstance(event, PreloadedTake)
    take = filled(pb.PreloadedTake(), event)
    told = pb.PreloadResponse(total=event.total, done=event.done, sound=event.sound, name=event.name, take=take)
    return told.SerializeToString()


def unload_event(gone: Unloaded) -> bytes:
    """Return what was let go of as its response."""
    return pb.UnloadResponse(takes=gone.takes, stored_bytes=gone.stored_bytes).SerializeToString()


def effects_event(effects: Any) -> bytes:
    """Return every effect as its response."""
    response = pb.ListEffectsResponse()
    for effect in effects:
        filled(response.effects.add(), effect)
        for told, parameter in zip(response.effects[-1].parameters, effect.parameters, strict=True):
            setattr(told, "default_choice" if parameter.choices else "default_number", parameter.default)
    return response.SerializeToString()


def session_events(
    requests: Iterable[pb.PerformRequest],
    answers: Iterable[Answer],
    blocks: Iterable[Block],
    ended_voices: Iterable[tuple[int, int]],
    opened: Opened,
) -> list[bytes]:
    """Return a session as events, kind by kind: the clients do not tell in which order they came."""
    told = [pb.PerformResponse(opened=filled(pb.SessionOpened(), opened))]
    told[0].opened.ahead_ms = round(opened.ahead_s * 1000.0)
    told += [_answer(request, answer) for request, answer in zip(requests, answers, strict=False)]
    audio = b"".join(pcm_of(block, opened.encoding) for block in blocks)
    told.append(pb.PerformResponse(audio=pb.Audio(data=audio)))
    told += [pb.PerformResponse(voice_ended=pb.VoiceEnded(voice=v, frame=f)) for v, f in ended_voices]
    return [event.SerializeToString() for event in told]


def closed_event(closed: Any, audio: Iterable[Block], encoding: str, log: list[str]) -> bytes:
    """Return the end of a session as its event, with the whole log."""
    sha256 = hashlib.sha256(b"".join(pcm_of(block, encoding) for block in audio))
    message = filled(pb.SessionClosed(sha256=sha256.digest(), log_line="\n".join(log)), closed)
    return pb.PerformResponse(closed=message).SerializeToString()


def commanded(desk: Desk[Any], voices: dict[int, Voice[Any]], request: pb.PerformRequest) -> Any:
    """Give a command of the script to a session; return what stands for it there.

    The client numbers voices as they start: 1, 2, ..., as the script does.
    """
    kind = request.WhichOneof("command")
    assert kind is not None
    message: Any = getattr(request, kind)
    given = {field.name: value for field, value in message.ListFields()}
    at_frame = request.at_frame if request.HasField("at_frame") else None
    number = given.pop("voice", None)
    for name in ("fade_in", "ramp", "fade", "release"):
        if (time_ms := given.pop(f"{name}_ms", None)) is not None:
            given[f"{name}_s"] = time_ms / 1000.0
    if "parameters" in given:
        given["parameters"] = values_of(given["parameters"])
    if kind == "start":
        voices[number] = desk.start(**given, at_frame=at_frame)
        return voices[number].started
    voice = voices.get(number) or Voice(desk, number, None)
    match kind:
        case "set_parameter":
            value = given.pop("value")
            return voice.set(
                given.pop("name"), getattr(value, value.WhichOneof("kind")), **given, at_frame=at_frame
            )
        case "trigger":
            return voice.trigger(**given, at_frame=at_frame)
        case "crossfade":
            return voice.crossfade(**given, at_frame=at_frame)
    return (voice if number is not None else desk).stop(**given, at_frame=at_frame)


def pcm_of(samples: Block, encoding: str) -> bytes:
    """Return samples as they travelled: the way to float32 and back is exact."""
    if encoding == "pcm_f32le":
        return samples.astype("<f4").tobytes()
    pcm: bytes = np.rint(samples * 32_768.0).astype("<i2").tobytes()
    return pcm


def filled(message: Any, told: Any) -> Any:
    """Return a message with the fields that an object has under the same names."""
    for field in message.DESCRIPTOR.fields:
        value = getattr(told, field.name, None)
        if value is not None:
            _fill(message, field, value)
    return message


def _fill(message: Any, field: FieldDescriptor, value: Any) -> None:
    into = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        for name, number_or_choice in value.items():
            setattr(into[name], "choice" if isinstance(number_or_choice, str) else "number", number_or_choice)
    elif field.message_type is not None:
        for each in value if field.is_repeated else [value]:
            filled(into.add() if field.is_repeated else into, each)
    elif field.is_repeated:
        into.extend(_number(field.enum_type, each) if field.enum_type else each for each in value)
    else:
        setattr(message, field.name, _number(field.enum_type, value) if field.enum_type else value)


def _number(enum: EnumDescriptor, name: str) -> int:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return int(enum.values_by_name[prefix + name.upper()].number)


def _answer(request: pb.PerformRequest, answer: Answer) -> pb.PerformResponse:
    if not isinstance(answer, SwashError):
        command: Message = getattr(request, request.WhichOneof("command") or "")
        applied = filled(pb.Applied(id=request.id, voice=getattr(command, "voice", 0)), answer)
        return pb.PerformResponse(applied=applied)
    refused = pb.Refused(id=request.id, code=CODES[type(answer)].value[0], message=str(answer))
    if isinstance(answer, InvalidRequestError):
        refused.field, refused.message = answer.violations[0].field, answer.violations[0].description
    if isinstance(answer, UnknownSoundError):
        refused.suggestions.extend(answer.suggestions)
    return pb.PerformResponse(refused=refused)
