"""`swash serve --check-config`: what is set, from where, and whether the machine has what it names."""

import dataclasses
import importlib.util
import json
import os
import re
import socket
import tempfile
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from swash_server.config_file import OFF
from swash_server.settings import InvalidSettingError, Settings

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*(?=@)")  # of a URL


def report(settings: Settings, sources: Mapping[str, str]) -> bool:
    """Print the settings on standard output, as a file of settings, and findings on standard error.

    `sources` tells of each field where it came from. Return whether nothing is wrong.
    """
    for field in dataclasses.fields(Settings):
        click.echo(f"{_line(field.name, getattr(settings, field.name))}  # {sources[field.name]}")
    fine = True
    for name, check in _checks(settings):
        try:
            click.echo(f"ok    {name:9} {check()}", err=True)
        except (OSError, LookupError, InvalidSettingError) as error:
            fine = False
            click.echo(f"WRONG {name:9} {error}", err=True)
    return fine


def _line(name: str, value: Any) -> str:
    if value is None:
        return f'{name} = "{OFF}"' if name == "store" else f"# {name} is not set"
    if isinstance(value, tuple):
        return f"{name} = [{', '.join(_shown(each) for each in value)}]"
    return f"{name} = {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(_PASSWORD.sub(r"\1:***", str(value)), ensure_ascii=False)


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "gRPC port", lambda: _free(settings.host, settings.grpc_port)
    yield "HTTP port", lambda: _free(settings.host, settings.http_port, but=settings.grpc_port)
    if (store := settings.store) is not None:
        yield "store", lambda: _writable(store)
    if (model := settings.model) is not None:
        yield "model", lambda: _whole(model, settings.t5)
    if settings.otel_endpoint is not None:
        yield "otel", _has_otel
    if settings.tls_cert is not None:
        yield "TLS", lambda: _fits(settings)
    if (tokens := settings.tokens) is not None:
        yield "tokens", lambda: f"{tokens}, {_right(tokens)} lines"
    hints = typing.get_type_hints(Settings)
    for field in dataclasses.fields(Settings):
        value = getattr(settings, field.name)
        is_path = Path in typing.get_args(hints[field.name]) and value is not None
        if is_path and field.name not in {"store", "model"}:
            yield field.name, partial(_readable, value)


def _fits(settings: Settings) -> str:
    """Read certificate and key as the server does."""
    from swash_server.callers.credentials import tls_of

    tls_of(settings)
    return f"{settings.tls_cert} and its key"


def _right(path: Path) -> int:
    from swash_server.callers import tokens

    return len(tokens.read(path))


def _free(host: str, port: int, but: int = 0) -> str:
    """Try to take a port, as a second server would."""
    if port == 0:
        return "a free one is taken"
    if port == but:
        raise LookupError(f"{port} is the port of gRPC already")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family, reuse_port=False):
            return f"{host}:{port} is free"
    except OSError as error:
        raise OSError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from error


def _writable(folder: Path) -> str:
    """Write a file that goes again; of a folder yet to be made, look at where it will be."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not there.is_dir():
        raise LookupError(f"{there} is no folder")
    try:
        with tempfile.TemporaryFile(dir=there):
            return f"{folder} can be written to" if there == folder else f"{folder} will be made"
    except OSError as error:
        raise OSError(f"{there} cannot be written to: {error.strerror}") from error


def _whole(model: Path, t5: Path | None) -> str:
    """Look that every file is there; whether they are whole, `swash model check` tells."""
    from swash_model.engines import NEURAL_ENGINE, ModelChoice, load_engines

    if advice := load_engines(ModelChoice(model, t5)).absent.get(NEURAL_ENGINE):
        raise LookupError(advice)
    from swash_model.stable_audio.files import missing_files

    if missing := missing_files(model, t5):
        raise LookupError(f"missing: {', '.join(map(str, missing))}; `swash model check {model}` says what to do")
    return f"{model} has every file; `swash model check {model}` reads them"


def _has_otel() -> str:
    if importlib.util.find_spec("opentelemetry") is None:
        raise LookupError("what sends traces is not installed: pip install 'swash[otel]'")
    return "what sends traces is installed"


def _readable(path: Path) -> str:
    if not path.exists():
        raise LookupError(f"{path} is not there")
    if not os.access(path, os.R_OK):
        raise LookupError(f"{path} cannot be read by this user")
    return f"{path} can be read"
