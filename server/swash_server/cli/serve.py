"""`swash serve`: the server until a signal ends it."""

import asyncio
import contextlib
import dataclasses
import gc
import logging
import resource
import signal
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from swash_server.cli.failure import INVALID, told
from swash_server.cli.launch import prepare_for_torch
from swash_server.settings import InvalidSettingError, Settings

if TYPE_CHECKING:
    from swash_model.engines import Engines
    from swash_server.app import App

# What other programs on the machine go by too.
OTHER_VARIABLES = {"otel_endpoint": ("OTEL_EXPORTER_OTLP_ENDPOINT",)}

log = logging.getLogger("swash")


class Folder(click.ParamType[Path | None]):
    """A folder, or 'off'."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | None:  # noqa: ARG002
        """Return the folder, or None for 'off'."""
        if value is None or isinstance(value, Path):
            return value
        return None if value == "off" else Path(value).expanduser()


def setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option for each field of Settings, read from SWASH_<NAME> too."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    for field in reversed(dataclasses.fields(Settings)):
        kind, explained = typing.get_args(hints[field.name])
        computed = field.default_factory is not dataclasses.MISSING
        default = field.default_factory() if computed else field.default
        command = click.option(
            f"--{field.name.replace('_', '-')}",
            type=_click_type(kind),
            multiple=typing.get_origin(kind) is tuple,
            default=default,
            envvar=[f"SWASH_{field.name.upper()}", *OTHER_VARIABLES.get(field.name, ())],
            show_default=True,
            show_envvar=True,
            help=explained,
        )(command)
    return command


def _click_type(kind: Any) -> Any:
    """Return what click needs for the type of a setting."""
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind)[0]
    if isinstance(kind, types.UnionType):
        return Folder() if Path in typing.get_args(kind) else str
    return click.Choice(typing.get_args(kind)) if typing.get_origin(kind) is Literal else kind


def _config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Have what a file sets stand in for the defaults: flags and the environment go before it."""
    from swash_server import config_file

    if path is not None:
        with told():
            ctx.default_map = config_file.read(path)
    return path


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    callback=_config,
    envvar="SWASH_CONFIG",
    show_envvar=True,
    help="File of settings, in TOML; flags and environment variables go before it.",
)
@click.option("--check-config", is_flag=True, help="Print the settings and what is wrong; start nothing.")
@setting_options
@click.pass_context
def serve(ctx: click.Context, /, config: Path | None, check_config: bool, **given: Any) -> None:
    """Run the server until SIGINT or SIGTERM."""
    from swash_server.observability import logs

    with told():
        settings = _settings(ctx, config, given)
        if check_config:
            from swash_server.cli import check_config as checking

            sources = {name: _source(ctx, config, name) for name in given}
            ctx.exit(0 if checking.report(settings, sources) else INVALID)
        with logs.written(settings):
            raise_file_limit()
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(_serve(settings))


def _settings(ctx: click.Context, config: Path | None, given: dict[str, Any]) -> Settings:
    """Return the settings; an error names where the value came from, if that was no flag."""
    from swash_server import config_file

    try:
        return Settings(**given)
    except InvalidSettingError as error:
        name = str(error).partition(":")[0].replace("-", "_")
        source = ctx.get_parameter_source(name)
        if source is ParameterSource.DEFAULT_MAP and config is not None:
            raise config_file.blamed(config, name, error) from error
        if source is ParameterSource.ENVIRONMENT:
            raise InvalidSettingError(f"environment: {error}") from error
        raise


def _source(ctx: click.Context, config: Path | None, name: str) -> str:
    source = ctx.get_parameter_source(name)
    if source is ParameterSource.DEFAULT_MAP:
        return f"file {config}"
    named = {ParameterSource.COMMANDLINE: "flag", ParameterSource.ENVIRONMENT: "environment"}
    return named.get(source, "default") if source is not None else "default"


async def _serve(settings: Settings) -> None:
    from swash_server.app import App

    stop = asyncio.Event()
    stop_on_signals(stop)
    app = App(settings, await asyncio.to_thread(engines_of, settings))
    log.info("warming up; the very first start compiles the kernels and takes up to a minute")

    def up() -> None:
        log.info(
            "serving: gRPC on %s:%s, %s://%s:%s/ (/dashboard, /metrics)",
            settings.host, app.grpc_port,
            "http" if settings.tls_cert is None else "https", settings.host, app.http_port,
        )  # fmt: skip

    await until(stop, app, up)


async def until(stop: asyncio.Event, app: "App", up: Callable[[], object]) -> None:
    """Start a server, say that it is up, and stop it when told to, even while it starts."""
    starting = asyncio.create_task(app.start())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting  # raises what went wrong
            # What was loaded stays for ever: a collection that walks over all of it would hold every call up.
            gc.collect()
            gc.freeze()
            up()
            await stopping
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await app.stop()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Have SIGINT and SIGTERM begin a stop, and SIGHUP, which a closed terminal sends, do nothing."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stopped, stop)
    loop.add_signal_handler(signal.SIGHUP, log.info, "SIGHUP changes nothing: settings are read at the start")


def _stopped(stop: asyncio.Event) -> None:
    """Begin to stop; the next signal ends the process at once, whatever it is busy with."""
    stop.set()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def engines_of(settings: Settings) -> "Engines":
    """Return the engines that the settings name; torch alone takes seconds to import."""
    from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, ModelChoice, load_engines

    apart = {NEURAL_ENGINE, *([DEFAULT_ENGINE] if settings.engines_in == "process" else [])}
    if settings.model is None:
        return load_engines(apart=apart, pooled=settings.ray_address is not None)
    prepare_for_torch(exact=settings.precision == "exact")
    choice = ModelChoice(settings.model, settings.t5, settings.precision, settings.neural_threads, settings.device)
    engines = load_engines(choice, apart=apart)
    if advice := engines.absent.get(NEURAL_ENGINE):
        log.error("no engine %r: %s", NEURAL_ENGINE, advice)
    return engines


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, which serves cached sounds 1.2 to 1.5 times as fast, or None where there is none."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def raise_file_limit() -> None:
    """Take all the file descriptors we may have: a thousand idle connections must not shut out the next."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
