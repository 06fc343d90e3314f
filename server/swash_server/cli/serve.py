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

from swash_server.cli.failure import told
from swash_server.cli.launch import prepare_for_torch
from swash_server.settings import Settings

if TYPE_CHECKING:
    from swash_model.engines import Engines

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


@click.command()
@setting_options
def serve(**given: Any) -> None:
    """Run the server until SIGINT or SIGTERM."""
    from swash_server import logs

    with told():
        settings = Settings(**given)
        with logs.written(settings):
            _raise_file_limit()
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from swash_server.app import App

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    app = App(settings, await asyncio.to_thread(_engines, settings))
    log.info("warming up; the very first start compiles the kernels and takes up to a minute")
    starting = asyncio.create_task(app.start())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting  # raises what went wrong
            # What was loaded stays for ever: a collection that walks over all of it would hold every call up.
            gc.collect()
            gc.freeze()
            log.info(
                "serving: gRPC on %s:%s, http://%s:%s/ (/dashboard, /metrics)",
                settings.host, app.grpc_port, settings.host, app.http_port,
            )  # fmt: skip
            await stopping
        log.info("stopping; calls in flight have %g s", settings.grace_s)
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await app.stop()


def _engines(settings: Settings) -> "Engines":
    """Return the engines that the settings name; torch alone takes seconds to import."""
    from swash_model.engines import NEURAL_ENGINE, ModelChoice, load_engines

    if settings.model is None:
        return load_engines()
    prepare_for_torch(exact=settings.precision == "exact")
    choice = ModelChoice(settings.model, settings.t5, settings.precision, settings.neural_threads, settings.device)
    engines = load_engines(choice)
    if advice := engines.absent.get(NEURAL_ENGINE):
        log.error("no engine %r: %s", NEURAL_ENGINE, advice)
    return engines


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, which serves cached sounds 1.2 to 1.5 times as fast, or None where there is none."""
    with contextlib.suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def _raise_file_limit() -> None:
    """Take all the file descriptors we may have: a thousand idle connections must not shut out the next."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
