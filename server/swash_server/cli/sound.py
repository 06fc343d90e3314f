"""What `render` and `play` ask for, and where it comes from: a server, or this very process."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import click
import grpc

from swash.v1 import sound_pb2
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client.status import typed_errors
from swash_model.errors import InvalidAskError

TIMEOUT_S = 600.0  # 32 takes of two minutes on a slow machine

ENCODINGS = {
    ".wav": sound_pb2.ENCODING_WAV,
    ".flac": sound_pb2.ENCODING_FLAC,
    ".ogg": sound_pb2.ENCODING_OGG_VORBIS,
    ".opus": sound_pb2.ENCODING_OGG_OPUS,
    ".s16": sound_pb2.ENCODING_PCM_S16LE,
    ".f32": sound_pb2.ENCODING_PCM_F32LE,
}

Command = Callable[..., Any]


def sound_options(command: Command) -> Command:
    """Add the arguments that say what to sound like."""
    for option in reversed(
        (
            click.argument("prompt", required=False),
            click.option("--effect", help="An effect or preset instead of words: rain, rain/tin_roof."),
            click.option("-p", "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter."),
            click.option("--engine", help="The engine to use; the default is the server's."),
            click.option("-d", "--duration", "duration_s", type=float, help="Seconds of sound."),
            click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Which performance."),
            click.option("--object-seed", type=click.IntRange(0, 2**32 - 1), help="Which object."),
            click.option("--loop", is_flag=True, help="Make the end join the start."),
            click.option("--rate", "sample_rate", type=int, help="Frames a second; 48000 by default."),
            click.option("--channels", type=click.IntRange(1, 2), help="1 or 2; by default as the sound needs."),
            click.option("--loudness", "loudness_lufs", type=float, help="Integrated loudness to reach, LUFS."),
            click.option("--ceiling", "ceiling_dbtp", type=float, help="Highest true peak, dBTP; -1 by default."),
            click.option("--server", metavar="HOST:PORT", help="Ask a server; without, the sound is made here."),
        )
    ):
        command = option(command)
    return command


def request_of(settings: tuple[str, ...], **asked: Any) -> sound_pb2.RenderRequest:
    """Return the request for what was said on the command line; options that were not given stay absent."""
    if (asked.get("prompt") is None) == (asked.get("effect") is None):
        raise click.UsageError("give either words or --effect")
    request = sound_pb2.RenderRequest()
    for name, value in asked.items():
        if value is not None:
            setattr(request, name, value)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set wants NAME=VALUE, got {setting!r}")
        _set(request.parameters[name], value)
    return request


def events_of(request: sound_pb2.RenderRequest, server: str | None) -> Iterator[sound_pb2.RenderResponse]:
    """Yield the events of a Render call as they come."""
    return _remote(request, server) if server else _local(request)


def _remote(request: sound_pb2.RenderRequest, server: str) -> Iterator[sound_pb2.RenderResponse]:
    with typed_errors(server), grpc.insecure_channel(server) as channel:
        yield from SoundServiceStub(channel).Render(request, timeout=TIMEOUT_S)


def _local(request: sound_pb2.RenderRequest) -> Iterator[sound_pb2.RenderResponse]:
    """Run the server's own service without its ports: the same sound, and the same store."""
    from swash_model.engines import load_engines
    from swash_server.app import make_renderer
    from swash_server.interceptors import REQUEST_ID
    from swash_server.metrics import Metrics
    from swash_server.service import SoundService
    from swash_server.settings import Settings

    REQUEST_ID.set("local")  # before the runner, which copies the context once
    with asyncio.Runner() as runner:
        metrics = Metrics()
        renderer = runner.run(make_renderer(Settings(), metrics))
        service = SoundService(engines=load_engines(), renderer=renderer, metrics=metrics, ready=lambda: True)
        messages = service.render(request, None)
        try:
            while (message := runner.run(_next(messages))) is not None:
                yield sound_pb2.RenderResponse.FromString(message)
        finally:
            runner.run(messages.aclose())
            runner.run(renderer.close())


async def _next(messages: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(messages, None)


def _set(parameter: sound_pb2.ParameterValue, value: str) -> None:
    try:
        parameter.number = float(value)
    except ValueError:
        parameter.choice = value


def encoding_named(suffix: str) -> sound_pb2.Encoding.ValueType:
    """Return the encoding of a file name's suffix; raise InvalidAskError for others."""
    if suffix.lower() not in ENCODINGS:
        raise InvalidAskError("output", f"one of {', '.join(ENCODINGS)}, got {suffix!r}")
    return ENCODINGS[suffix.lower()]
