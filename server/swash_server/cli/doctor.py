"""`swash doctor`: is this machine fit, and if not, what to do."""

import os
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version

import click

from swash_server.cli.play import PLAYERS
from swash_server.settings import Settings, default_store

ANSWER_S = 3.0  # for a server on this machine


@click.command()
def doctor() -> None:
    """Check what swash needs on this machine; exit with 1 when something is wrong."""
    checks: tuple[Callable[[], str], ...] = (_python, _packages, _kernels, _speed, _store, _ports)
    failed = 0
    for check in checks:
        name = check.__name__.strip("_")
        try:
            click.echo(f"ok    {name:9} {check()}")
        except Exception as error:  # noqa: BLE001 - where a check ends: its error is the finding
            failed += 1
            click.echo(f"WRONG {name:9} {error}")
    click.echo(f"note  {'player':9} {_player()}")
    sys.exit(1 if failed else 0)


def _python() -> str:
    return f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores"


def _packages() -> str:
    names = ("swash", "numpy", "scipy", "numba", "grpcio", "protobuf", "soundfile", "soxr")
    return ", ".join(f"{name} {version(name)}" for name in names)


def _kernels() -> str:
    from swash_model.procedural.engine import ProceduralEngine

    began_s = time.perf_counter()
    ProceduralEngine().warm_up()
    return f"compiled or loaded in {time.perf_counter() - began_s:.1f} s"


def _speed() -> str:
    from swash_model.procedural.engine import ProceduralEngine
    from swash_model.spec import Ask

    engine = ProceduralEngine()
    seconds = 4.0
    spec = engine.resolve(Ask(effect="wind", duration_s=seconds)).spec
    times_s = []
    for _ in range(3):
        began_s = time.perf_counter()
        for _ in engine.render(spec):
            pass
        times_s.append(time.perf_counter() - began_s)
    rtf = min(times_s) / seconds
    if rtf > 0.5:
        raise RuntimeError(f"RTF {rtf:.2f}: this machine is too slow, or very busy, for endless sounds")
    return f"wind at RTF {rtf:.3f}, {1 / rtf:.0f} times real time"


def _store() -> str:
    folder = default_store()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    return f"{folder}, {shutil.disk_usage(folder).free // 2**20} MiB free"


def _ports() -> str:
    settings = Settings()
    for port in (settings.grpc_port, settings.http_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                if running := _running(f"{settings.host}:{settings.grpc_port}"):
                    return running
                raise RuntimeError(f"{settings.host}:{port} is taken; choose another for `swash serve`") from error
    return f"{settings.grpc_port} and {settings.http_port} are free"


def _running(address: str) -> str:
    """Say which swash answers there; nothing when none does."""
    from swash_client import Client, SwashError

    try:
        with Client(address, timeout_s=ANSWER_S) as client:
            return f"swash {client.server_info().version} serves on {address}"
    except SwashError:
        return ""


def _player() -> str:
    found = [name for name in PLAYERS if shutil.which(name)]
    return f"{found[0]} plays" if found else f"`swash play` needs one of {', '.join(PLAYERS)}"
