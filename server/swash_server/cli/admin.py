"""`swash admin`: what a server does now, and making it forget."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import grpc

from swash.v1 import admin_pb2
from swash.v1.admin_pb2_grpc import AdminServiceStub
from swash_client.server import Server
from swash_server.cli.failure import AWAY, FAILED, INVALID, fail, told
from swash_server.cli.server import server_options
from swash_server.settings import MIB

CALL_S = 60.0
TIERS = {"memory": admin_pb2.CACHE_TIER_MEMORY, "store": admin_pb2.CACHE_TIER_STORE}
_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: INVALID,
    grpc.StatusCode.UNAVAILABLE: AWAY,
    grpc.StatusCode.DEADLINE_EXCEEDED: AWAY,
}


@click.group()
def admin() -> None:
    """Look into a running server, as a caller with the role admin."""


@admin.command()
@server_options("The server's port of gRPC.")
def stats(server: Server) -> None:
    """Print what a server does now."""
    with _service(server) as service:
        request = admin_pb2.GetStatsRequest()
        for line in _lines(service.GetStats(request, metadata=server.metadata, timeout=CALL_S)):
            click.echo(line)


@admin.command()
@click.argument("tiers", nargs=-1, required=True, type=click.Choice(list(TIERS)))
@click.option("--pinned", is_flag=True, help="Also what is preloaded: every tag is unloaded first.")
@server_options("The server's port of gRPC.")
def purge(tiers: tuple[str, ...], pinned: bool, server: Server) -> None:
    """Have a server forget the sounds of its memory, its store, or both."""
    request = admin_pb2.PurgeCacheRequest(tiers=[TIERS[tier] for tier in tiers], pinned=pinned)
    names = {number: name for name, number in TIERS.items()}
    with _service(server) as service:
        for gone in service.PurgeCache(request, metadata=server.metadata, timeout=CALL_S).purged:
            click.echo(f"{names[gone.tier]}: {gone.sounds} sounds, {gone.bytes / MIB:.1f} MiB")


@contextmanager
def _service(server: Server) -> Iterator[AdminServiceStub]:
    """Give the service; what goes wrong ends the command."""
    with told(), server.channel() as channel:
        try:
            yield AdminServiceStub(channel)
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            fail(f"{code.name}: {details}", _STATUS.get(code, FAILED))


def _lines(stats: admin_pb2.GetStatsResponse) -> Iterator[str]:
    state = "ready" if stats.ready else "starting or stopping"
    yield f"swash {stats.version}, {state}, up {stats.uptime_s:.0f} s"
    for engine in stats.engines:
        up = "up" if engine.up else engine.advice or "not up"
        yield f"engine     {engine.name:14} {engine.version:8} {up}, {engine.restarts} restarts"
    yield f"recording  {_used(stats.recordings)} sounds, {_used(stats.recording_bytes, MIB)} MiB"
    for queue in stats.queues:
        yield f"waiting    {queue.priority:14} {_used(queue.sounds)} sounds"
    for cache in stats.caches:
        sounds = f"{cache.sounds} sounds, " if cache.HasField("sounds") else ""
        yield f"cache      {cache.tier:14} {sounds}{_used(cache.bytes, MIB)} MiB"
    yield f"preloaded  {stats.pinned_takes} takes, {_used(stats.pinned_bytes, MIB)} MiB"
    live = f"{_used(stats.sessions)} sessions, {_used(stats.voices)} voices"
    yield f"live       {live}, {stats.live_restarts} restarts"
    for caller in stats.callers:
        yield f"caller     {caller.name or '(unknown)':24} {caller.calls} calls, {caller.refused} refused"


def _used(usage: admin_pb2.Usage, unit: int = 1) -> str:
    if unit == 1:
        return f"{usage.used} of {usage.limit}"
    return f"{usage.used / unit:.1f} of {usage.limit / unit:.0f}"
