"""What a caller may ask for, as the message of the contract. Ranges are the server's to judge."""

from collections.abc import Mapping, MutableMapping
from typing import Literal, TypeAlias, TypedDict, Unpack

from google.protobuf.message import Message

from swash.v1 import sound_pb2 as pb
from swash_client.errors import FieldViolation, InvalidRequestError
from swash_client.init_audio import InitAudio, init_bytes
from swash_client.sound import Value

DEFAULT_ADDRESS = "127.0.0.1:50051"
DEFAULT_TIMEOUT_S = 60.0  # a minute of waiting is a fault, not a render
PRELOAD_TIMEOUT_S = 3600.0  # a level's worth of neural sounds
PRELOAD_FIRST_S = 300.0  # until the first of them has had its turn

PcmEncoding: TypeAlias = Literal["pcm_s16le", "pcm_f32le"]
"""How samples travel: 16 bit, or float at twice the bytes. Both arrive as float32."""

FileEncoding: TypeAlias = Literal["wav", "flac", "ogg_vorbis", "ogg_opus"]
"""Files a server can make. Ogg Opus takes a sample_rate of 8000, 12000, 16000, 24000 or 48000 only."""

Priority: TypeAlias = Literal["interactive", "preload", "bake"]
"""Who goes first when a server is busy: somebody waits now, will want it soon, or is in no hurry."""

LoopMethod: TypeAlias = Literal["latents", "crossfade"]
"""How a neural loop is made: the seam sampled by the model, or crossfaded at equal power."""

_ENCODINGS: dict[str, pb.Encoding.ValueType] = {
    "pcm_s16le": pb.ENCODING_PCM_S16LE,
    "pcm_f32le": pb.ENCODING_PCM_F32LE,
    "wav": pb.ENCODING_WAV,
    "flac": pb.ENCODING_FLAC,
    "ogg_vorbis": pb.ENCODING_OGG_VORBIS,
    "ogg_opus": pb.ENCODING_OGG_OPUS,
}
_LOOP_METHODS: dict[str, pb.LoopMethod.ValueType] = {
    "latents": pb.LOOP_METHOD_LATENTS,
    "crossfade": pb.LOOP_METHOD_CROSSFADE,
}

_PRIORITIES: dict[str, pb.Priority.ValueType] = {
    "interactive": pb.PRIORITY_INTERACTIVE,
    "preload": pb.PRIORITY_PRELOAD,
    "bake": pb.PRIORITY_BAKE,
}

_TRANSLATED = {
    "parameters",
    "init_audio",
    "loop_method",
    "priority",
}  # keywords that the contract says in its own way


class Ask(TypedDict, total=False):
    """The keywords of every method that makes sound. None, or left out: the server chooses.

    effect: instead of a prompt, "rain" or "rain/tin_roof".
    parameters: by name, numbers or choices; with a prompt they override the words for the first layer.
    engine: "procedural" or "stable_audio".
    duration_s: above 0 and at most 120, of "stable_audio" 0.1 to 11.8; else the natural length.
    seed: which performance, 0 to 2**32 - 1; the same seed gives the same sound; else a new one.
    object_seed: which object, 0 to 2**32 - 1, shared by takes; else 0.
    loop: an endless sound whose end joins its start, 1 to 60 s.
    sample_rate: 8000 to 96000; else 48000.
    channels: 1 or 2; else 1 for a one-shot, 2 for an endless sound.
    loudness_lufs: integrated, -60 to -5; else the effect's own level.
    ceiling_dbtp: highest true peak, -30 to 0; else -1.
    trim: cut silence from the end of a one-shot; else true.

    For the engine "stable_audio" alone; others refuse them:
    steps: of the sampler, 1 to 50, more take longer; else 8.
    guidance: how strictly to follow the prompt, 1 to 15, above 1 in twice the time; else 1, or 2 with a
        negative_prompt.
    negative_prompt: what not to sound like, 1 to 1000 characters; needs a guidance above 1.
    init_audio: audio to begin with, 0.1 s up to the longest sound of the model, not silent: told at `InitAudio`.
    init_key: instead of init_audio, the `header.key` of a sound that the server still remembers.
    init_noise_level: how much of it noise replaces, 0.12 (hardly changed) to 1 (nothing left); else 0.7.
    short_window: sample only as much as the duration needs: faster for short sounds, and another sound.
    loop_method: "latents" or "crossfade"; else "latents".

    fallback: when the engine cannot answer within the deadline, or is not here, the procedural one does;
        `header.fallback` tells, and the sound that was asked for is made for the next time.
    priority: "interactive", "preload" or "bake": who goes first when the server is busy; else "interactive".
    """

    effect: str | None
    parameters: Mapping[str, Value] | None
    engine: str | None
    duration_s: float | None
    seed: int | None
    object_seed: int | None
    loop: bool
    sample_rate: int | None
    channels: int | None
    loudness_lufs: float | None
    ceiling_dbtp: float | None
    trim: bool | None
    steps: int | None
    guidance: float | None
    negative_prompt: str | None
    init_audio: InitAudio | None
    init_key: str | None
    init_noise_level: float | None
    short_window: bool
    loop_method: LoopMethod | None
    fallback: bool
    priority: Priority | None


def pcm_request(prompt: str | None, encoding: PcmEncoding, takes: int = 1, **ask: Unpack[Ask]) -> pb.RenderRequest:
    """Return the request for samples."""
    pcm_encoding(encoding)
    return _request(prompt, encoding, takes, **ask)


def pcm_encoding(encoding: PcmEncoding) -> pb.Encoding.ValueType:
    """Return how samples travel; raise InvalidRequestError for a file."""
    if encoding not in {"pcm_s16le", "pcm_f32le"}:
        raise invalid("encoding", f"pcm_s16le or pcm_f32le (files come from render_file), got {encoding!r}")
    return _ENCODINGS[encoding]


def file_request(prompt: str | None, encoding: FileEncoding, **ask: Unpack[Ask]) -> pb.RenderRequest:
    """Return the request for a file."""
    if encoding not in {"wav", "flac", "ogg_vorbis", "ogg_opus"}:
        raise invalid("encoding", f"wav, flac, ogg_vorbis or ogg_opus, got {encoding!r}")
    return _request(prompt, encoding, 1, **ask)


def sound_request(
    prompt: str | None = None,
    takes: int = 1,
    encoding: PcmEncoding | FileEncoding = "pcm_s16le",
    **ask: Unpack[Ask],
) -> pb.RenderRequest:
    """Return the request for a sound that is to be made ready, in whichever encoding."""
    if encoding not in _ENCODINGS:
        raise invalid("encoding", f"one of {', '.join(_ENCODINGS)}, got {encoding!r}")
    return _request(prompt, encoding, takes, **ask)


def priority_number(priority: Priority | None) -> pb.Priority.ValueType:
    """Return a priority as the contract says it; the server's choice for None."""
    if priority is None:
        return pb.PRIORITY_UNSPECIFIED
    if priority not in _PRIORITIES:
        raise invalid("priority", f"one of {', '.join(_PRIORITIES)}, got {priority!r}")
    return _PRIORITIES[priority]


def _request(prompt: str | None, encoding: str, takes: int, **ask: Unpack[Ask]) -> pb.RenderRequest:
    unknown = ask.keys() - Ask.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument: {', '.join(sorted(unknown))}")
    if (prompt is None) == (ask.get("effect") is None):
        raise invalid("prompt", "give exactly one of prompt and effect")
    if ask.get("init_audio") is not None and ask.get("init_key") is not None:
        raise invalid("init_audio", "give at most one of init_audio and init_key")
    request = pb.RenderRequest(encoding=_ENCODINGS[encoding])
    for name, value in {"prompt": prompt, "takes": takes, **ask}.items():
        if value is not None and name not in _TRANSLATED:
            set_field(request, name, value)
    if (audio := ask.get("init_audio")) is not None:
        request.init_audio = init_bytes(audio)
    if (method := ask.get("loop_method")) is not None:
        if method not in _LOOP_METHODS:
            raise invalid("loop_method", f"latents or crossfade, got {method!r}")
        request.loop_method = _LOOP_METHODS[method]
    request.priority = priority_number(ask.get("priority"))
    set_parameters(request.parameters, ask.get("parameters"))
    return request


def set_parameters(into: MutableMapping[str, pb.ParameterValue], parameters: Mapping[str, Value] | None) -> None:
    """Fill parameters by name."""
    for name, value in (parameters or {}).items():
        set_field(into[name], "choice" if isinstance(value, str) else "number", value)


def set_field(message: Message, name: str, value: object) -> None:
    """Set a field, or say what it cannot hold: a negative seed, a word for a number."""
    try:
        setattr(message, name, value)
    except (TypeError, ValueError) as error:
        raise invalid(name, f"cannot be {value!r} ({error})") from error


def invalid(field: str, problem: str) -> InvalidRequestError:
    """Return the error for a field that cannot even be sent."""
    return InvalidRequestError(f"{field}: {problem}", [FieldViolation(field, problem)])
