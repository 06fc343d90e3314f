"""The door of live sessions: PerformRequest to commands, and what happens back to PerformResponse."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import grpc
from google.protobuf.message import Message

from swash.v1 import sound_pb2
from swash_model.errors import InvalidAskError, SoundError, UnknownSoundError
from swash_model.procedural.performance import Crossfade, Event, Move, Sound, Start, Stop, Trigger
from swash_model.spec import Ask, Layer, Resolved
from swash_server import wire
from swash_server.errors import SwashError, code_of
from swash_server.formats.encode import Encoding
from swash_server.making.cut import is_pcm
from swash_server.making.mastering import Mastering

MIN_AHEAD_MS, MAX_AHEAD_MS, DEFAULT_AHEAD_MS = 20, 2000, 40
MAX_FADE_MS = 60_000
MIN_CROSSFADE_MS = 10
MAX_RAMP_MS = 600_000
MAX_WAIT_S = 3600  # how far ahead a command may be
QUANTA_A_SECOND = 100

Resolve: TypeAlias = Callable[[Ask], Resolved]


@dataclass(frozen=True, slots=True)
class Opening:
    """How a session's output travels; `ahead_s` None makes everything as fast as it can be."""

    id: int
    mastering: Mastering
    encoding: Encoding
    ahead_s: float
    unpaced: bool
    log: bool
    name: str = ""  # that Control knows the session by

    @property
    def quantum_frames(self) -> int:
        """Return the frames of 10 ms."""
        return self.mastering.sample_rate // QUANTA_A_SECOND


@dataclass(frozen=True, slots=True)
class Command:
    """An event, the quantum from which on it holds (0: at once), and how its words were understood."""

    id: int
    quantum: int
    event: Event
    resolved: Resolved | None = None

    @property
    def layers(self) -> int:
        """Return how many layers it begins."""
        return len(self.event.sound.layers) if isinstance(self.event, Start | Crossfade) else 0


def opening(request: sound_pb2.PerformRequest, name: str = "") -> Opening:
    """Return how a session begins, which Control knows by `name`; raise InvalidAskError naming a wrong field."""
    if (kind := request.WhichOneof("command")) != "open":
        raise InvalidAskError("command", f"open, for it is the first, got {kind or 'none'}")
    try:
        return _opening(request, name)
    except InvalidAskError as error:
        raise InvalidAskError(f"open.{error.field}", error.problem) from None


def _opening(request: sound_pb2.PerformRequest, name: str) -> Opening:
    asked = request.open
    sample_rate = wire.optional_whole(asked, "sample_rate", wire.MIN_SAMPLE_RATE, wire.MAX_SAMPLE_RATE)
    sample_rate = sample_rate or wire.DEFAULT_SAMPLE_RATE
    if sample_rate % QUANTA_A_SECOND:
        raise InvalidAskError("sample_rate", f"a multiple of {QUANTA_A_SECOND}, got {sample_rate}")
    encoding = wire.encoding_of(asked.encoding)
    if not is_pcm(encoding):
        raise InvalidAskError("encoding", f"PCM_S16LE or PCM_F32LE, got {encoding.name}")
    ceiling_dbtp = wire.optional_number(asked, "ceiling_dbtp", wire.MIN_CEILING_DBTP, wire.MAX_CEILING_DBTP)
    ahead_ms = wire.optional_whole(asked, "ahead_ms", MIN_AHEAD_MS, MAX_AHEAD_MS) or DEFAULT_AHEAD_MS
    return Opening(
        id=request.id,
        mastering=Mastering(
            sample_rate=sample_rate,
            channels=wire.optional_whole(asked, "channels", 1, 2) or 2,
            loudness_lufs=None,
            ceiling_dbtp=wire.DEFAULT_CEILING_DBTP if ceiling_dbtp is None else ceiling_dbtp,
        ),
        encoding=encoding,
        ahead_s=ahead_ms / 1000.0,
        unpaced=asked.unpaced,
        log=asked.log,
        name=name,
    )


def command(request: sound_pb2.PerformRequest, quantum_frames: int, now_quantum: int, resolve: Resolve) -> Command:
    """Return what a request commands; raise a SoundError naming what is wrong with it."""
    kind = request.WhichOneof("command")
    quantum = 0
    if request.HasField("at_frame"):
        quantum = -(-request.at_frame // quantum_frames)
        if quantum > now_quantum + MAX_WAIT_S * QUANTA_A_SECOND:
            latest = (now_quantum + MAX_WAIT_S * QUANTA_A_SECOND) * quantum_frames
            raise InvalidAskError("at_frame", f"at most {latest}, an hour ahead, got {request.at_frame}")
    if kind == "start":
        return _start(request, quantum, resolve)
    if kind == "crossfade":
        fade = request.crossfade
        resolved = resolve(_ask(fade, "crossfade"))
        fade_s = _seconds(fade, "fade_ms", MIN_CROSSFADE_MS, MAX_FADE_MS)
        sound = _sound(resolved)
        event: Event = Crossfade(fade.voice, sound) if fade_s is None else Crossfade(fade.voice, sound, fade_s)
        return Command(request.id, quantum, event, resolved)
    if kind == "set_parameter":
        return Command(request.id, quantum, _move(request.set_parameter))
    if kind == "trigger":
        hit = request.trigger
        seed = hit.seed if hit.HasField("seed") else None
        parameters = tuple(sorted(wire.parameters_of(hit.parameters).items()))
        return Command(request.id, quantum, Trigger(hit.voice, parameters, seed))
    if kind == "stop":
        voice = request.stop.voice if request.stop.HasField("voice") else None
        release_s = _seconds(request.stop, "release_ms", 0, MAX_FADE_MS)
        return Command(request.id, quantum, Stop(voice) if release_s is None else Stop(voice, release_s))
    if kind == "open":
        raise InvalidAskError("open", "only once, and the session is open")
    raise InvalidAskError("command", "start, set_parameter, trigger, crossfade or stop, got none")


def _start(request: sound_pb2.PerformRequest, quantum: int, resolve: Resolve) -> Command:
    start = request.start
    resolved = resolve(_ask(start, "start"))
    fade_in_s = _seconds(start, "fade_in_ms", 0, MAX_FADE_MS)
    return Command(request.id, quantum, Start(start.voice, _sound(resolved), start.armed, fade_in_s), resolved)


def _ask(given: sound_pb2.StartVoice | sound_pb2.CrossfadeVoice, where: str) -> Ask:
    sound = given.WhichOneof("sound")
    if sound is None:
        raise InvalidAskError(f"{where}.sound", "a prompt or an effect, got neither")
    return Ask(
        prompt=wire.checked_prompt(given.prompt) if sound == "prompt" else None,
        effect=given.effect if sound == "effect" else None,
        parameters=wire.parameters_of(given.parameters),
        seed=given.seed if given.HasField("seed") else secrets.randbits(32),
        object_seed=given.object_seed,
    )


def _sound(resolved: Resolved) -> Sound:
    return Sound(resolved.spec.layers, resolved.spec.seed, resolved.spec.object_seed)


def _move(given: sound_pb2.SetParameter) -> Move:
    value = wire.parameters_of({given.name: given.value})[given.name]
    move = Move(given.voice, given.name, value, layer=given.layer)
    ramp_s = _seconds(given, "ramp_ms", 0, MAX_RAMP_MS)
    return move if ramp_s is None else replace(move, ramp_s=ramp_s)


def _seconds(message: Message, field: str, least_ms: int, most_ms: int) -> float | None:
    value = wire.optional_whole(message, field, least_ms, most_ms)
    return None if value is None else value / 1000.0


def opened(opening: Opening, *, request_id: str, engine: str, version: str, licence: str, log_line: str) -> bytes:
    """Return the serialised first event."""
    message = sound_pb2.SessionOpened(
        id=opening.id,
        request_id=request_id,
        engine=engine,
        engine_version=version,
        sample_rate=opening.mastering.sample_rate,
        channels=opening.mastering.channels,
        encoding=wire.WIRE_ENCODINGS[opening.encoding],
        quantum_frames=opening.quantum_frames,
        ahead_ms=round(opening.ahead_s * 1000.0),
        licence=licence,
        log_line=log_line,
        session=opening.name,
    )
    return sound_pb2.PerformResponse(opened=message).SerializeToString()


def applied(command: Command, event: Event, frame: int, log_line: str) -> bytes:
    """Return the serialised answer to a command that has taken effect."""
    message = sound_pb2.Applied(id=command.id, frame=frame, log_line=log_line)
    if event.voice is not None:
        message.voice = event.voice
    if isinstance(event, Trigger):
        message.seed = event.seed or 0
    if isinstance(event, Start | Crossfade):
        message.layers.extend(_layers(event.sound.layers))
        message.seed, message.object_seed = event.sound.seed, event.sound.object_seed
    if command.resolved is not None:
        message.confidence = command.resolved.confidence
        message.unknown_words.extend(command.resolved.unknown_words)
    return sound_pb2.PerformResponse(applied=message).SerializeToString()


def refused(command_id: int, error: SoundError | SwashError) -> bytes:
    """Return the serialised answer to a command that could not be done."""
    code: grpc.StatusCode = code_of(error)
    message = sound_pb2.Refused(id=command_id, code=code.value[0], message=str(error))
    if isinstance(error, InvalidAskError):
        message.field, message.message = error.field, error.problem
    elif isinstance(error, UnknownSoundError):
        message.suggestions.extend(error.suggestions)
    return sound_pb2.PerformResponse(refused=message).SerializeToString()


def audio(data: bytes, first_frame: int) -> bytes:
    """Return serialised frames."""
    message = sound_pb2.Audio(data=data, first_frame=first_frame)
    return sound_pb2.PerformResponse(audio=message).SerializeToString()


def voice_ended(voice: int, frame: int) -> bytes:
    """Return the serialised end of a voice."""
    return sound_pb2.PerformResponse(
        voice_ended=sound_pb2.VoiceEnded(voice=voice, frame=frame)
    ).SerializeToString()


def closed(*, frames: int, sha256: bytes, underruns: int, log_line: str) -> bytes:
    """Return the serialised last event."""
    message = sound_pb2.SessionClosed(frames=frames, sha256=sha256, underruns=underruns, log_line=log_line)
    return sound_pb2.PerformResponse(closed=message).SerializeToString()


def _layers(layers: Iterable[Layer]) -> Iterable[sound_pb2.Layer]:
    return map(wire.layer, layers)
