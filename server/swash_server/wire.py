"""The door: protobuf to our types and back. The only place that sees both, and the only validation."""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message

from swash.v1 import sound_pb2
from swash_model.engines import NEURAL_ENGINE
from swash_model.errors import InvalidAskError
from swash_model.procedural.effect import Choice, Effect, Number, Preset
from swash_model.procedural.prompt import Understood
from swash_model.spec import (
    MAX_DURATION_S,
    MAX_LOOP_S,
    MAX_PROMPT_CHARACTERS,
    Ask,
    Layer,
    LoopMethod,
    NeuralAsk,
    NeuralSpec,
    Resolved,
    Value,
)
from swash_server.formats.encode import OPUS_SAMPLE_RATES, Encoding
from swash_server.making.cut import is_pcm
from swash_server.making.mastering import Mastering
from swash_server.making.priority import Priority
from swash_server.making.tape import Cached, Facts, Progress

MAX_TAKES = 32
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 8000, 96_000
DEFAULT_SAMPLE_RATE = 48_000
MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS = -60.0, -5.0
MIN_CEILING_DBTP, MAX_CEILING_DBTP, DEFAULT_CEILING_DBTP = -30.0, 0.0, -1.0
MAX_STEPS = 50
MIN_GUIDANCE, MAX_GUIDANCE = 1.0, 15.0
MIN_INIT_NOISE_LEVEL, MAX_INIT_NOISE_LEVEL = 0.12, 1.0
MAX_PARAMETERS = 64
MAX_REQUEST_BYTES = 8 * 1024 * 1024  # 12 s of init audio as 32-bit stereo at 48 kHz are 4.4 MiB
KEY = re.compile("[0-9a-f]{64}")

ENCODINGS = {
    sound_pb2.ENCODING_UNSPECIFIED: Encoding.PCM_S16LE,
    sound_pb2.ENCODING_PCM_S16LE: Encoding.PCM_S16LE,
    sound_pb2.ENCODING_PCM_F32LE: Encoding.PCM_F32LE,
    sound_pb2.ENCODING_WAV: Encoding.WAV,
    sound_pb2.ENCODING_FLAC: Encoding.FLAC,
    sound_pb2.ENCODING_OGG_VORBIS: Encoding.OGG_VORBIS,
    sound_pb2.ENCODING_OGG_OPUS: Encoding.OGG_OPUS,
}
WIRE_ENCODINGS = {encoding: number for number, encoding in ENCODINGS.items()}
WIRE_CACHED = {
    Cached.NO: sound_pb2.CACHED_NO,
    Cached.JOINED: sound_pb2.CACHED_JOINED,
    Cached.MEMORY: sound_pb2.CACHED_MEMORY,
    Cached.STORE: sound_pb2.CACHED_STORE,
    Cached.SHARED: sound_pb2.CACHED_SHARED,
}
LOOP_METHODS = {
    sound_pb2.LOOP_METHOD_UNSPECIFIED: None,
    sound_pb2.LOOP_METHOD_LATENTS: LoopMethod.LATENTS,
    sound_pb2.LOOP_METHOD_CROSSFADE: LoopMethod.CROSSFADE,
}
WIRE_LOOP_METHODS = {method: number for number, method in LOOP_METHODS.items() if method}
PRIORITIES = {
    sound_pb2.PRIORITY_INTERACTIVE: Priority.INTERACTIVE,
    sound_pb2.PRIORITY_PRELOAD: Priority.PRELOAD,
    sound_pb2.PRIORITY_BAKE: Priority.BAKE,
}
WIRE_CURVES = {"linear": sound_pb2.CURVE_LINEAR, "logarithmic": sound_pb2.CURVE_LOGARITHMIC}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A valid RenderRequest: what to sound like, and how it should travel.

    `init_audio` is a file, not yet read, and `init_key` a sound, not yet found: `ask` is to get what they hold.
    `neural_fields` names what was given that only the neural engine takes.
    """

    ask: Ask
    engine: str | None
    fallback: bool
    neural_fields: tuple[str, ...]
    init_audio: bytes | None
    init_key: str | None
    takes: int
    channels: int | None
    encoding: Encoding
    loudness_lufs: float | None
    ceiling_dbtp: float
    first_frame: int
    priority: Priority = Priority.INTERACTIVE

    def check_engine(self, name: str) -> None:
        """Raise InvalidAskError if this engine does not take all that was given."""
        if self.neural_fields and name != NEURAL_ENGINE:
            field = self.neural_fields[0]
            raise InvalidAskError(field, f"only the engine {NEURAL_ENGINE!r} takes it, this is {name!r}")

    def mastering(self, natural_channels: int) -> Mastering:
        """Return how the sound is to be mastered; what the caller left open follows the sound."""
        return Mastering(
            sample_rate=self.ask.sample_rate,
            channels=self.channels or natural_channels,
            loudness_lufs=self.loudness_lufs,
            ceiling_dbtp=self.ceiling_dbtp,
        )


def wanted(request: sound_pb2.RenderRequest) -> Wanted:
    """Return what a request wants; raise InvalidAskError naming the first field that is wrong."""
    encoding = encoding_of(request.encoding)
    sample_rate = optional_whole(request, "sample_rate", MIN_SAMPLE_RATE, MAX_SAMPLE_RATE) or DEFAULT_SAMPLE_RATE
    if encoding is Encoding.OGG_OPUS and sample_rate not in OPUS_SAMPLE_RATES:
        rates = ", ".join(map(str, OPUS_SAMPLE_RATES))
        raise InvalidAskError("sample_rate", f"Opus knows only {rates}, got {sample_rate}; 48000 fits most")
    ceiling_dbtp = optional_number(request, "ceiling_dbtp", MIN_CEILING_DBTP, MAX_CEILING_DBTP)
    takes = optional_whole(request, "takes", 1, MAX_TAKES) or 1
    return Wanted(
        ask=_ask(request, sample_rate),
        engine=request.engine if request.HasField("engine") else None,
        fallback=request.fallback,
        neural_fields=_neural_fields(request),
        init_audio=request.init_audio if request.HasField("init_audio") else None,
        init_key=_init_key(request),
        takes=takes,
        channels=optional_whole(request, "channels", 1, 2),
        encoding=encoding,
        loudness_lufs=optional_number(request, "loudness_lufs", MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS),
        ceiling_dbtp=DEFAULT_CEILING_DBTP if ceiling_dbtp is None else ceiling_dbtp,
        first_frame=_first_frame(request, encoding),
        priority=priority_of(request.priority, Priority.INTERACTIVE),
    )


def priority_of(priority: "sound_pb2.Priority.ValueType", absent: Priority) -> Priority:
    """Return who goes first, `absent` where the request does not say; raise InvalidAskError for another number."""
    if priority == sound_pb2.PRIORITY_UNSPECIFIED:
        return absent
    if (known := PRIORITIES.get(priority)) is None:
        names = ", ".join(sound_pb2.Priority.Name(number) for number in PRIORITIES)
        raise InvalidAskError("priority", f"{names}, got {priority}")
    return known


def checked_prompt(prompt: str, field: str = "prompt") -> str:
    """Return a prompt that may be read: 1 to 1000 characters, none of them a control character."""
    if not prompt.strip():
        raise InvalidAskError(field, f"1 to {MAX_PROMPT_CHARACTERS} characters, got none")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise InvalidAskError(field, f"1 to {MAX_PROMPT_CHARACTERS} characters, got {len(prompt)}")
    for number, character in enumerate(prompt):
        if unicodedata.category(character) == "Cc" and character not in "\t\n\r":
            found = f"U+{ord(character):04X} at character {number + 1}"
            raise InvalidAskError(field, f"no control characters, got {found}")
    return prompt


def _ask(request: sound_pb2.RenderRequest, sample_rate: int) -> Ask:
    sound = request.WhichOneof("sound")
    if sound is None:
        raise InvalidAskError("sound", "a prompt or an effect, got neither")
    duration_s = request.duration_s if request.HasField("duration_s") else None
    if duration_s is not None and not 0.0 < duration_s <= MAX_DURATION_S:  # also refuses NaN
        raise InvalidAskError("duration_s", f"above 0 and at most {MAX_DURATION_S:g}, got {duration_s:g}")
    return Ask(
        prompt=checked_prompt(request.prompt) if sound == "prompt" else None,
        effect=request.effect if sound == "effect" else None,
        parameters=parameters_of(request.parameters),
        duration_s=duration_s,
        loop=request.loop,
        trim=request.trim if request.HasField("trim") else True,
        seed=request.seed if request.HasField("seed") else secrets.randbits(32),
        object_seed=request.object_seed,
        sample_rate=sample_rate,
        neural=_neural(request),
    )


def _neural(request: sound_pb2.RenderRequest) -> NeuralAsk:
    """Return what the fields 17 to 24 say, without the init audio."""
    guidance = optional_number(request, "guidance", MIN_GUIDANCE, MAX_GUIDANCE)
    negative_prompt = None
    if request.HasField("negative_prompt"):
        negative_prompt = checked_prompt(request.negative_prompt, "negative_prompt")
        if guidance is not None and guidance <= MIN_GUIDANCE:
            raise InvalidAskError(
                "guidance", f"above 1 and at most {MAX_GUIDANCE:g} with a negative_prompt, got {guidance:g}"
            )
    init_noise_level = optional_number(request, "init_noise_level", MIN_INIT_NOISE_LEVEL, MAX_INIT_NOISE_LEVEL)
    if init_noise_level is not None and request.WhichOneof("init") is None:
        raise InvalidAskError("init_noise_level", "only with init_audio or init_key, got neither")
    if request.loop_method not in LOOP_METHODS:
        names = ", ".join(method.name for method in LoopMethod)
        raise InvalidAskError("loop_method", f"one of {names}, got number {request.loop_method}")
    return NeuralAsk(
        steps=optional_whole(request, "steps", 1, MAX_STEPS),
        guidance=guidance,
        negative_prompt=negative_prompt,
        init_noise_level=init_noise_level,
        short_window=request.short_window,
        loop_method=LOOP_METHODS[request.loop_method],
    )


def _neural_fields(request: sound_pb2.RenderRequest) -> tuple[str, ...]:
    """Return the names of the fields 17 to 24 that were given, in the contract's order."""
    given = (field for field, _ in request.ListFields())
    return tuple(field.name for field in given if 17 <= field.number <= 24)


def _init_key(request: sound_pb2.RenderRequest) -> str | None:
    if not request.HasField("init_key"):
        return None
    if not KEY.fullmatch(request.init_key):
        raise InvalidAskError("init_key", f"64 hex digits, as in Header.key, got {request.init_key[:80]!r}")
    return request.init_key


def parameters_of(given: Mapping[str, sound_pb2.ParameterValue]) -> dict[str, Value]:
    """Return parameters by name, not yet checked against an effect; raise InvalidAskError for too many."""
    if len(given) > MAX_PARAMETERS:
        raise InvalidAskError("parameters", f"at most {MAX_PARAMETERS}, got {len(given)}")
    parameters: dict[str, Value] = {}
    for name, value in given.items():
        kind = value.WhichOneof("kind")
        if kind is None:
            raise InvalidAskError(f"parameters[{name[:80]}]", "a number or a choice, got neither")
        parameters[name] = value.number if kind == "number" else value.choice
    return parameters


def encoding_of(number: int) -> Encoding:
    """Return the encoding of a number of the contract; raise InvalidAskError for one that is not there."""
    if number not in ENCODINGS:
        names = ", ".join(encoding.name for encoding in Encoding)
        raise InvalidAskError("encoding", f"one of {names}, got number {number}")
    return ENCODINGS[sound_pb2.Encoding.ValueType(number)]


def _first_frame(request: sound_pb2.RenderRequest, encoding: Encoding) -> int:
    if request.first_frame and not is_pcm(encoding):
        raise InvalidAskError("first_frame", f"only PCM can start later than 0, got {encoding.name}")
    return request.first_frame


def optional_whole(message: Message, field: str, low: int, high: int) -> int | None:
    """Return an optional field, None when it is absent; raise InvalidAskError out of range."""
    value = optional_number(message, field, low, high)
    return None if value is None else int(value)


def optional_number(message: Message, field: str, low: float, high: float) -> float | None:
    """Return an optional field, None when it is absent; raise InvalidAskError out of range."""
    if not message.HasField(field):
        return None
    value: float = getattr(message, field)
    if not low <= value <= high:  # also refuses NaN
        raise InvalidAskError(field, f"{low:g} to {high:g}, got {value:g}")
    return value


def progress(take: int, progress: Progress) -> bytes:
    """Return a serialised Progress, sent before the Header of its take."""
    return sound_pb2.RenderResponse(progress=progress_of(take, progress)).SerializeToString()


def progress_of(take: int, progress: Progress) -> sound_pb2.Progress:
    """Return how far a take is."""
    return sound_pb2.Progress(
        take=take, queue_position=progress.queue_position, step=progress.step, steps=progress.steps
    )


def header(
    *,
    request_id: str,
    take: int,
    key: str,
    fallback: bool,
    wanted: Wanted,
    resolved: Resolved,
    english_prompt: str | None,
    replaced_seed: int | None,
    mastering: Mastering,
    engine_version: str,
    licence: str,
    frames: int | None,
    cached: Cached,
) -> bytes:
    """Return the serialised Header of a take."""
    spec = resolved.spec
    message = sound_pb2.Header(
        request_id=request_id,
        take=take,
        engine=spec.engine,
        engine_version=engine_version,
        layers=map(layer, spec.layers),
        confidence=resolved.confidence,
        seed=spec.seed,
        replaced_seed=replaced_seed,
        object_seed=spec.object_seed,
        sample_rate=mastering.sample_rate,
        channels=mastering.channels,
        encoding=WIRE_ENCODINGS[wanted.encoding],
        frames=frames,
        loop=sound_pb2.Loop(start_frame=0, end_frame=frames) if spec.loop and frames else None,
        cached=WIRE_CACHED[cached],
        licence=licence,
        unknown_words=resolved.unknown_words,
        key=key,
        fallback=fallback,
        prompt_truncated=resolved.prompt_truncated,
        neural=_made(spec.neural, loop=spec.loop) if spec.neural else None,
        english_prompt=english_prompt,
    )
    return sound_pb2.RenderResponse(header=message).SerializeToString()


def canonical(request: Message) -> bytes:
    """Return the same bytes for equal requests, however they came."""
    return request.SerializeToString(deterministic=True)


def addressed(header: bytes, request_id: str) -> bytes:
    """Return the serialised RenderResponse of a serialised Header without a request id, with this one."""
    name = request_id.encode()
    return _field(1, _field(1, name) + header)


def unaddressed(response: bytes) -> bytes:
    """Return the serialised Header in a serialised RenderResponse."""
    return sound_pb2.RenderResponse.FromString(response).header.SerializeToString()


def check_fetch(request: sound_pb2.FetchRequest) -> None:
    """Raise InvalidAskError where a Fetch asks for what is not one whole take."""
    if request.render.HasField("takes") and request.render.takes != 1:
        raise InvalidAskError("render.takes", f"1 in one message, got {request.render.takes}")
    if request.render.first_frame:
        raise InvalidAskError("render.first_frame", f"0 in one message, got {request.render.first_frame}")


def fetched(header: bytes, data: bytes, trailer: bytes) -> bytes:
    """Return the serialised FetchResponse of serialised RenderResponses, whose fields have the same numbers."""
    return b"".join((header, _head(2, len(data)), data, trailer))


def _field(number: int, value: bytes) -> bytes:
    """Return a serialised field of bytes, text or a message."""
    return _head(number, len(value)) + value


def _head(number: int, size: int) -> bytes:
    """Return what stands before such a field (protobuf.dev/programming-guides/encoding)."""
    head = bytearray([number << 3 | 2])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)


def _made(neural: NeuralSpec, *, loop: bool) -> sound_pb2.Neural:
    """Return how a neural sound is made."""
    return sound_pb2.Neural(
        steps=neural.steps,
        guidance=neural.guidance,
        negative_prompt=neural.negative_prompt,
        init_noise_level=neural.init_noise_level if neural.init else None,
        short_window=neural.short_window,
        loop_method=WIRE_LOOP_METHODS[neural.loop_method] if loop else sound_pb2.LOOP_METHOD_UNSPECIFIED,
    )


def trailer(*, take: int, facts: Facts, sha256: bytes) -> bytes:
    """Return the serialised Trailer of a take."""
    message = sound_pb2.Trailer(
        take=take,
        frames=facts.frames,
        loudness_lufs=facts.loudness_lufs,
        true_peak_dbtp=facts.true_peak_dbtp,
        render_s=facts.render_s,
        sha256=sha256,
    )
    return sound_pb2.RenderResponse(trailer=message).SerializeToString()


def understanding(understood: Understood, layers: Iterable[Layer]) -> sound_pb2.ResolvePromptResponse:
    """Return what the server understood; `layers` empty when it would refuse."""
    return sound_pb2.ResolvePromptResponse(
        layers=map(layer, layers),
        confidence=understood.confidence,
        candidates=[sound_pb2.Candidate(effect=effect, score=score) for effect, score in understood.candidates],
        unknown_words=understood.unknown_words,
        suggestions=understood.suggestions,
        low_confidence=understood.low_confidence,
        duration_s=understood.duration_s,
        loop=understood.loop,
    )


def effect(described: Effect) -> sound_pb2.Effect:
    """Return an effect as clients see it."""
    kind = sound_pb2.EFFECT_KIND_EITHER
    if described.endless is None:
        kind = sound_pb2.EFFECT_KIND_ONE_SHOT
    elif described.one_shot is None:
        kind = sound_pb2.EFFECT_KIND_ENDLESS
    return sound_pb2.Effect(
        id=described.id,
        title=described.title,
        description=described.description,
        kind=kind,
        ucs_cat_id=described.ucs_cat_id,
        parameters=map(_parameter, described.every_parameter),
        presets=map(_preset, described.presets),
        version=described.version,
    )


def _parameter(parameter: Number | Choice) -> sound_pb2.Parameter:
    message = sound_pb2.Parameter(name=parameter.name, description=parameter.description)
    if isinstance(parameter, Choice):
        message.choices.extend(parameter.choices)
        message.default_choice = parameter.default
        return message
    message.unit = parameter.unit
    message.minimum, message.maximum = parameter.minimum, parameter.maximum
    message.default_number = parameter.default
    message.curve = WIRE_CURVES[parameter.curve]
    message.live = parameter.live
    return message


def _preset(preset: Preset) -> sound_pb2.Preset:
    return sound_pb2.Preset(
        name=preset.name,
        description=preset.description,
        parameters=_values(preset.parameters.items()),
        ucs_cat_id=preset.ucs_cat_id,
    )


def layer(layer: Layer) -> sound_pb2.Layer:
    """Return a layer as clients see it."""
    return sound_pb2.Layer(
        effect=layer.effect,
        preset=layer.preset,
        parameters=_values(layer.parameters),
        level_db=layer.level_db,
        ucs_cat_id=layer.ucs_cat_id,
    )


def _values(values: Iterable[tuple[str, Value]]) -> dict[str, sound_pb2.ParameterValue]:
    return {
        name: sound_pb2.ParameterValue(choice=value)
        if isinstance(value, str)
        else sound_pb2.ParameterValue(number=value)
        for name, value in values
    }


def engine_info(name: str, version: str, licence: str, *, ready: bool) -> sound_pb2.EngineInfo:
    """Return the state of an engine that is here."""
    state = sound_pb2.ENGINE_STATE_READY if ready else sound_pb2.ENGINE_STATE_WARMING_UP
    return sound_pb2.EngineInfo(name=name, version=version, licence=licence, state=state)


def absent_engine(name: str, advice: str) -> sound_pb2.EngineInfo:
    """Return the state of an engine that is not here."""
    return sound_pb2.EngineInfo(name=name, state=sound_pb2.ENGINE_STATE_ABSENT, detail=advice)


def seeds_of_takes(seed: int, takes: int) -> list[int]:
    """Return the seeds of the takes: seed, seed + 1, ... around the end of uint32."""
    return [(seed + take) % 2**32 for take in range(takes)]


def limits(*, max_voices: int, max_sessions: int) -> sound_pb2.Limits:
    """Return what a request may ask for."""
    return sound_pb2.Limits(
        max_duration_s=MAX_DURATION_S,
        max_takes=MAX_TAKES,
        min_sample_rate=MIN_SAMPLE_RATE,
        max_sample_rate=MAX_SAMPLE_RATE,
        max_prompt_characters=MAX_PROMPT_CHARACTERS,
        max_loop_s=MAX_LOOP_S,
        max_request_bytes=MAX_REQUEST_BYTES,
        max_voices=max_voices,
        max_sessions=max_sessions,
    )
