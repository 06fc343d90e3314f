"""What `render` and `play` ask for, and where it comes from: a server, or this very process."""

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click

from swash.v1 import sound_pb2
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client import DEFAULT_TIMEOUT_S
from swash_client.asking import Asking
from swash_client.calls import Calls
from swash_client.init_audio import init_bytes
from swash_client.request import priority_number
from swash_client.server import Server
from swash_model.engines import NEURAL_ENGINE, Engines, ModelChoice, load_engines
from swash_model.errors import InvalidAskError, SoundError
from swash_server.cli.failure import told
from swash_server.cli.launch import prepare_for_torch
from swash_server.cli.server import on_command_line, options, server_of
from swash_server.settings import Precision

TIMEOUT_S = 600.0  # 32 takes of two minutes on a slow machine

ENCODINGS = {
    ".wav": sound_pb2.ENCODING_WAV,
    ".flac": sound_pb2.ENCODING_FLAC,
    ".ogg": sound_pb2.ENCODING_OGG_VORBIS,
    ".opus": sound_pb2.ENCODING_OGG_OPUS,
    ".s16": sound_pb2.ENCODING_PCM_S16LE,
    ".f32": sound_pb2.ENCODING_PCM_F32LE,
}

OF_A_MODEL = ("model", "t5", "precision", "neural_threads")  # settings of the server too, under the same names

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Who makes a sound: a server within `timeout_s`, or this process with the model it is given."""

    server: Server | None = None
    timeout_s: float = TIMEOUT_S
    model: ModelChoice | None = None


def sound_options(command: Command) -> Command:
    """Add the arguments that say what to sound like, and those that say who makes it: `command` gets a Source."""

    @functools.wraps(command)
    def with_engine(**given: Any) -> Any:
        if given["engine"] is None and on_command_line("model"):
            given["engine"] = NEURAL_ENGINE
        return command(**given)

    with_source = _with_source(with_engine)
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("prompt", required=False),
        click.option("--effect", help="An effect or preset instead of words: rain, rain/tin_roof."),
        click.option("-p", "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter."),
        click.option(
            "--engine", help="procedural or stable_audio; by default the server's, with --model stable_audio."
        ),
        click.option("-d", "--duration", "duration_s", type=float, help="Seconds of sound."),
        click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Which performance."),
        click.option("--object-seed", type=click.IntRange(0, 2**32 - 1), help="Which object."),
        click.option("--loop", is_flag=True, help="Make the end join the start."),
        click.option("--rate", "sample_rate", type=int, help="Frames a second; 48000 by default."),
        click.option("--channels", type=click.IntRange(1, 2), help="1 or 2; by default as the sound needs."),
        click.option("--loudness", "loudness_lufs", type=float, help="Integrated loudness to reach, LUFS."),
        click.option("--ceiling", "ceiling_dbtp", type=float, help="Highest true peak, dBTP; -1 by default."),
        click.option("--steps", type=int, help="stable_audio: steps of the sampler, 1 to 50; 8 by default."),
        click.option("--guidance", type=float, help="stable_audio: 1 to 15; above 1 in twice the time."),
        click.option("--negative", "negative_prompt", help="stable_audio: what not to sound like."),
        click.option(
            "--init",
            "init_audio",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="stable_audio: a WAV, FLAC or Ogg file to begin with.",
        ),
        click.option("--init-key", metavar="KEY", help="stable_audio: the key of a sound to begin with."),
        click.option(
            "--noise-level",
            "init_noise_level",
            type=float,
            help="stable_audio: how much of it noise replaces, 0.12 to 1; 0.7 by default.",
        ),
        click.option("--short-window", is_flag=True, help="stable_audio: sample only what the duration needs."),
        click.option(
            "--loop-method",
            type=click.Choice(["latents", "crossfade"]),
            help="stable_audio: how a loop is made; latents by default.",
        ),
        click.option("--fallback", is_flag=True, help="Take procedural when the engine is absent or too slow."),
        *_source_options(),
    )
    for option in reversed(options):
        with_source = option(with_source)
    return with_source


def source_options(command: Command) -> Command:
    """Add the arguments that say who makes sounds: `command` gets a Source."""
    with_source = _with_source(command)
    for option in reversed(_source_options()):
        with_source = option(with_source)
    return with_source


def _with_source(command: Command) -> Command:
    @functools.wraps(command)
    def with_source(**given: Any) -> Any:
        with told():
            source = _source(given)
        return command(source=source, **given)

    return with_source


def _source_options() -> list[Callable[[Command], Command]]:
    folder = click.Path(file_okay=False, path_type=Path)
    return [
        *options("Ask a server; without, the sound is made here."),
        click.option(
            "--timeout",
            "timeout_s",
            type=float,
            default=TIMEOUT_S,
            show_default=True,
            help="Seconds that the server may take.",
        ),
        click.option(
            "--model",
            type=folder,
            metavar="DIR",
            envvar="SWASH_MODEL",
            show_envvar=True,
            help="The weights of stable_audio, for sounds made here.",
        ),
        click.option(
            "--t5",
            type=folder,
            metavar="DIR",
            envvar="SWASH_T5",
            show_envvar=True,
            help="Its text encoder; by default t5 in --model.",
        ),
        click.option(
            "--precision",
            type=click.Choice(get_args(Precision)),
            default="auto",
            envvar="SWASH_PRECISION",
            show_envvar=True,
            show_default=True,
            help="exact computes in float32, auto in bfloat16 where this CPU has it, fast in int8.",
        ),
        click.option(
            "--neural-threads",
            type=click.IntRange(0, 256),
            default=0,
            envvar="SWASH_NEURAL_THREADS",
            show_envvar=True,
            help="Threads that it computes with; by default one for each core.",
        ),
    ]


def _source(given: dict[str, Any]) -> Source:
    """Take who makes the sound out of what was given; raise UsageError when two are named.

    A variable may stay unused, and the model of the command line goes before the server of a variable.
    """
    of_a_model = [name for name in OF_A_MODEL if on_command_line(name)]
    if of_a_model and not on_command_line("server"):
        given["server"] = None
    server = server_of(given)
    model, t5, precision, neural_threads = (given.pop(name) for name in OF_A_MODEL)
    timeout_s = given.pop("timeout_s")
    for name in of_a_model:
        option = f"--{name.replace('_', '-')}"
        if server is not None:
            raise click.UsageError(f"{option} is for sounds made here; a server is given its own")
        if model is None:
            raise click.UsageError(f"{option} wants a --model")
    if server is None:
        if on_command_line("timeout_s"):
            raise click.UsageError("--timeout is for a server; name one with --server")
        return Source(model=None if model is None else ModelChoice(model, t5, precision, neural_threads))
    if not timeout_s > 0:  # also refuses NaN
        raise click.UsageError(f"--timeout wants seconds above 0, got {timeout_s:g}")
    return Source(server, timeout_s)


def request_of(settings: tuple[str, ...], **asked: Any) -> sound_pb2.RenderRequest:
    """Return the request for what was said on the command line; options that were not given stay absent."""
    if (asked.get("prompt") is None) == (asked.get("effect") is None):
        raise click.UsageError("give either words or --effect")
    if asked.get("init_audio") is not None and asked.get("init_key") is not None:
        raise click.UsageError("give at most one of --init and --init-key")
    request = sound_pb2.RenderRequest()
    for name, value in asked.items():
        if value is not None:
            _put(request, name, value)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set wants NAME=VALUE, got {setting!r}")
        _set(request.parameters[name], value)
    return request


def _put(request: sound_pb2.RenderRequest, name: str, value: Any) -> None:
    match name:
        case "init_audio":
            request.init_audio = init_bytes(value)
        case "loop_method":
            request.loop_method = sound_pb2.LoopMethod.Value(f"LOOP_METHOD_{value.upper()}")
        case "priority":
            request.priority = priority_number(value)
        case _:
            try:
                setattr(request, name, value)
            except ValueError as error:  # a number that the contract cannot even say
                raise InvalidAskError(name, f"cannot be {value!r}") from error


def events_of(
    request: sound_pb2.RenderRequest, source: Source, *, quiet: bool = False
) -> Iterator[sound_pb2.RenderResponse]:
    """Return the events of a Render call, to be had as they come; unless `quiet` say what takes time before."""
    if source.server is not None:
        return _remote(request, source.server, source.timeout_s)
    return _local(request, engines_for(request, source.model, quiet=quiet))


def _remote(
    request: sound_pb2.RenderRequest, server: Server, timeout_s: float
) -> Iterator[sound_pb2.RenderResponse]:
    with server.channel() as channel:
        calls = Calls(
            SoundServiceStub(channel).Render,
            Asking(request),
            address=server.address,
            metadata=server.metadata,
            timeout_s=timeout_s,
            first_s=DEFAULT_TIMEOUT_S,
        )
        try:
            yield from calls
        finally:
            calls.cancel()


def engines_for(request: sound_pb2.RenderRequest, model: ModelChoice | None, *, quiet: bool) -> Engines:
    """Return the engines of this process, the neural one only if it is asked for, with its model loaded.

    A request that may fall back gets them without a model that does not load; else raise its SoundError.
    """
    if model is None or request.engine != NEURAL_ENGINE:
        return load_engines()
    _say(f"loading the model in {model.folder}: this takes seconds to a minute", quiet=quiet)
    began_s = time.perf_counter()
    prepare_for_torch(exact=model.precision == "exact")
    engines = load_engines(model)  # torch alone takes seconds to import
    if NEURAL_ENGINE in engines.absent:
        return engines
    try:
        engines.named(NEURAL_ENGINE).warm_up()
    except SoundError as error:
        if not request.fallback:
            raise
        _say(str(error), quiet=quiet)
        engines.lose(NEURAL_ENGINE, str(error))
    else:
        _say(f"loaded in {time.perf_counter() - began_s:.1f} s", quiet=quiet)
    return engines


def _say(message: str, *, quiet: bool) -> None:
    if not quiet:
        click.echo(message, err=True)


def _local(request: sound_pb2.RenderRequest, engines: Engines) -> Iterator[sound_pb2.RenderResponse]:
    """Run the server's own service without its ports: the same sound, and the same store."""
    from swash_server.app import make_renderer, make_stage
    from swash_server.doors.request_id import REQUEST_ID
    from swash_server.observability.metrics import Metrics
    from swash_server.service import SoundService
    from swash_server.settings import Settings

    REQUEST_ID.set("local")  # before the runner, which copies the context once
    with asyncio.Runner() as runner:
        metrics = Metrics()
        settings = Settings()
        renderer = runner.run(make_renderer(settings, metrics))
        service = SoundService(
            engines=engines,
            renderer=renderer,
            metrics=metrics,
            ready=lambda: True,
            stage=make_stage(settings, metrics),
        )
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
