"""From the messages of the contract to our types."""

from collections.abc import Mapping

from google.protobuf.descriptor import EnumDescriptor

from swash.v1 import sound_pb2 as pb
from swash_client.catalogue import (
    Candidate,
    Effect,
    Engine,
    Limits,
    Parameter,
    Preset,
    Resolution,
    ServerInfo,
)
from swash_client.preload import PreloadedTake, PreloadProgress
from swash_client.sound import Header, Layer, Loop, Neural, Progress, Trailer, Value


def header_of(header: pb.Header) -> Header:
    """Return what a take is."""
    loop = Loop(header.loop.start_frame, header.loop.end_frame) if header.HasField("loop") else None
    return Header(
        request_id=header.request_id,
        take=header.take,
        engine=header.engine,
        engine_version=header.engine_version,
        layers=tuple(map(layer_of, header.layers)),
        confidence=header.confidence,
        seed=header.seed,
        object_seed=header.object_seed,
        sample_rate=header.sample_rate,
        channels=header.channels,
        encoding=_name(pb.Encoding.DESCRIPTOR, header.encoding),
        frames=header.frames if header.HasField("frames") else None,
        loop=loop,
        cached=_name(pb.Cached.DESCRIPTOR, header.cached),
        licence=header.licence,
        unknown_words=tuple(header.unknown_words),
        key=header.key,
        fallback=header.fallback,
        prompt_truncated=header.prompt_truncated,
        neural=_neural(header.neural) if header.HasField("neural") else None,
        replaced_seed=header.replaced_seed if header.HasField("replaced_seed") else None,
        english_prompt=header.english_prompt if header.HasField("english_prompt") else None,
    )


def progress_of(progress: pb.Progress) -> Progress:
    """Return how far a take is."""
    return Progress(
        take=progress.take,
        queue_position=progress.queue_position,
        step=progress.step,
        steps=progress.steps,
    )


def trailer_of(trailer: pb.Trailer) -> Trailer:
    """Return what was measured on a take."""
    return Trailer(
        take=trailer.take,
        frames=trailer.frames,
        loudness_lufs=trailer.loudness_lufs,
        true_peak_dbtp=trailer.true_peak_dbtp,
        render_s=trailer.render_s,
        sha256=trailer.sha256,
    )


def layer_of(layer: pb.Layer) -> Layer:
    """Return one sounding part."""
    return Layer(layer.effect, layer.preset, _values(layer.parameters), layer.level_db, layer.ucs_cat_id)


def preloaded_of(response: pb.PreloadResponse) -> PreloadedTake | PreloadProgress | None:
    """Return what has become of a take, None for an event that is newer than this client."""
    match response.WhichOneof("event"):
        case "progress":
            return PreloadProgress(
                response.total, response.done, response.sound, response.name, progress_of(response.progress)
            )
        case "take":
            take = response.take
            return PreloadedTake(
                total=response.total,
                done=response.done,
                sound=response.sound,
                name=response.name,
                take=take.take,
                key=take.key,
                seed=take.seed,
                frames=take.frames,
                cached=_name(pb.Cached.DESCRIPTOR, take.cached),
                failure=take.failure,
            )
    return None


def effects_of(response: pb.ListEffectsResponse) -> tuple[Effect, ...]:
    """Return every effect of a server."""
    return tuple(map(_effect, response.effects))


def resolution_of(response: pb.ResolvePromptResponse) -> Resolution:
    """Return what a server understands from a prompt."""
    return Resolution(
        layers=tuple(map(layer_of, response.layers)),
        confidence=response.confidence,
        low_confidence=response.low_confidence,
        candidates=tuple(Candidate(candidate.effect, candidate.score) for candidate in response.candidates),
        unknown_words=tuple(response.unknown_words),
        suggestions=tuple(response.suggestions),
        duration_s=response.duration_s if response.HasField("duration_s") else None,
        loop=response.loop,
    )


def server_info_of(response: pb.GetServerInfoResponse) -> ServerInfo:
    """Return what a server is and may be asked for."""
    return ServerInfo(
        version=response.version,
        engines=tuple(map(_engine, response.engines)),
        default_engine=response.default_engine,
        limits=_limits(response.limits),
        encodings=tuple(_name(pb.Encoding.DESCRIPTOR, encoding) for encoding in response.encodings),
        uptime_s=response.uptime.seconds + response.uptime.nanos * 1e-9,
    )


def _effect(effect: pb.Effect) -> Effect:
    return Effect(
        id=effect.id,
        title=effect.title,
        description=effect.description,
        kind=_name(pb.EffectKind.DESCRIPTOR, effect.kind),
        ucs_cat_id=effect.ucs_cat_id,
        parameters=tuple(map(_parameter, effect.parameters)),
        presets=tuple(
            Preset(preset.name, preset.description, _values(preset.parameters), preset.ucs_cat_id)
            for preset in effect.presets
        ),
        version=effect.version,
    )


def _neural(neural: pb.Neural) -> Neural:
    return Neural(
        steps=neural.steps,
        guidance=neural.guidance,
        negative_prompt=neural.negative_prompt if neural.HasField("negative_prompt") else None,
        init_noise_level=neural.init_noise_level if neural.HasField("init_noise_level") else None,
        short_window=neural.short_window,
        loop_method=_name(pb.LoopMethod.DESCRIPTOR, neural.loop_method) if neural.loop_method else None,
    )


def _parameter(parameter: pb.Parameter) -> Parameter:
    return Parameter(
        name=parameter.name,
        description=parameter.description,
        unit=parameter.unit,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        default=parameter.default_choice if parameter.choices else parameter.default_number,
        curve=_name(pb.Curve.DESCRIPTOR, parameter.curve),
        choices=tuple(parameter.choices),
        live=parameter.live,
    )


def _engine(engine: pb.EngineInfo) -> Engine:
    return Engine(
        engine.name, engine.version, _name(pb.EngineState.DESCRIPTOR, engine.state), engine.detail, engine.licence
    )


def _limits(limits: pb.Limits) -> Limits:
    return Limits(
        max_duration_s=limits.max_duration_s,
        max_loop_s=limits.max_loop_s,
        max_takes=limits.max_takes,
        min_sample_rate=limits.min_sample_rate,
        max_sample_rate=limits.max_sample_rate,
        max_prompt_characters=limits.max_prompt_characters,
        max_request_bytes=limits.max_request_bytes,
        max_voices=limits.max_voices,
        max_sessions=limits.max_sessions,
    )


def _values(parameters: Mapping[str, pb.ParameterValue]) -> dict[str, Value]:
    """Return parameters by name, in the order of their names: a map of protobuf has none."""
    return {
        name: value.choice if value.HasField("choice") else value.number
        for name, value in sorted(parameters.items())
    }


def _name(enum: EnumDescriptor, number: int) -> str:
    """Return "wav" for ENCODING_WAV; a value newer than this client is its number."""
    value = enum.values_by_number.get(number)
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).lower() if value else str(number)
