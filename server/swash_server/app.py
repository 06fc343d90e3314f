"""A server and its parts, started and stopped as one."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection

from swash_model.engine import Engine
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.errors import SoundError
from swash_server.admin import AdminService
from swash_server.caches.store import Store
from swash_server.callers.access import Access
from swash_server.callers.credentials import TlsFiles, tls_of
from swash_server.callers.identity import is_loopback
from swash_server.callers.quotas import Quotas
from swash_server.callers.tokens import Tokens
from swash_server.doors import native
from swash_server.doors.guard import Guard
from swash_server.doors.hosts import names_of
from swash_server.doors.http import HttpServer
from swash_server.doors.http_bounds import Bounds
from swash_server.doors.limits import Census, grpc_options
from swash_server.doors.page_door import PageDoor
from swash_server.doors.rpcs import SERVICE, admin_rpcs, rpcs
from swash_server.doors.web import WebRpcs
from swash_server.errors import NotReadyError
from swash_server.io_processes import IoProcesses, check_free, share
from swash_server.live.stage import Stage
from swash_server.making import mastering
from swash_server.making.renderer import Renderer
from swash_server.node import address_of, session_prefix
from swash_server.observability.board import Board
from swash_server.observability.board_door import BoardDoor
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import Traces, traces_of
from swash_server.observability.vitals import Vitals
from swash_server.service import SoundService
from swash_server.settings import MIB, InvalidSettingError, Settings
from swash_server.workers.nursery import Nursery
from swash_server.workers.placing import workers_of, workshop_of

if TYPE_CHECKING:  # the package that it needs may not be there
    from swash_server.caches.shared import Shared

FLUSH_S, LEAST_FLUSH_S = 2.0, 0.5  # for the last spans, when the server stops; of a grace that is over
RELEASE_S = 1.0  # for live voices to fade out when the server stops
ENGINE_HEALTH = "engine."  # a service of grpc.health.v1 for each engine: engine.procedural
MAX_ADVICE_CHARACTERS = 1000  # it travels among a call's headers, for which gRPC has 8 KiB

log = logging.getLogger(__name__)


class PortTakenError(OSError):
    """Somebody else listens there already."""


class App:
    """One server: gRPC and HTTP ports over one service object. Several may live in one process."""

    def __init__(self, settings: Settings, engines: Engines, *, member: bool = False) -> None:
        """Put the parts together; nothing runs before `start`.

        A `member` is one of several processes on a gRPC port that another has bound, and has no HTTP port.
        """
        self._settings = settings = share(settings)
        self._member = member
        self._engines = engines
        self._ready = False  # calls are taken
        self._draining = False  # and whoever sends them is to look elsewhere
        self.metrics = Metrics()
        self._grpc: grpc.aio.Server | None = None
        self._http: HttpServer | None = None
        self._renderer: Renderer | None = None
        self._stage: Stage | None = None
        # Those that the settings name, whether or not they can be had; one that nobody asked for is not told of.
        self._expected = {engine.name for engine in engines}
        if settings.model is not None or settings.ray_address is not None:  # its packages may be missing
            self._expected.add(NEURAL_ENGINE)
        self._vitals = Vitals(self.metrics, settings.store)
        self._board = Board(self.metrics.registry, engines, lambda: self._ready)
        self._traces = Traces()
        self._health = health.aio.HealthServicer()
        self._telling: asyncio.Task[None] | None = None  # which nobody else would hold
        self._others = IoProcesses(settings, self.metrics) if settings.io_processes > 1 else None
        self.grpc_port = 0
        self.http_port = 0

    async def start(self) -> None:
        """Bind both ports, answer health with NOT_SERVING while the engines warm up, then serve.

        A member binds when it is warm: the kernel gives it connections from that moment.
        """
        settings = self._settings
        tls = await asyncio.to_thread(tls_of, settings, self._credentials_read("tls"))
        access = await asyncio.to_thread(self._access, tls)
        _warn_of_strangers(settings)
        node = await asyncio.to_thread(address_of, settings.node)
        self._expect_engines()
        quotas = make_quotas(settings, self.metrics)
        renderer = self._renderer = await make_renderer(settings, self.metrics, quotas)
        nursery = Nursery()
        self._stage = make_stage(settings, self.metrics, quotas, nursery)
        self._place_engines(renderer, nursery)
        self._traces = traces_of(settings)
        guard = Guard(self.metrics, self._traces, access, quotas, log_prompts=settings.log_prompts == "on")
        table = rpcs(self._service(renderer, self._stage, node))
        admin = self._admin(renderer, access)
        on_stalled = self.metrics.cut_off.labels("stalled").inc
        patience = native.Patience(settings.request_s, settings.stall_s, on_stalled)
        self._grpc = self._make_grpc(
            native.handlers(table, guard, patience), native.handlers(admin_rpcs(admin), guard, patience)
        )
        await self._set_health(serving=False)
        if self._member:
            self.http_port = settings.http_port
        else:
            self._http = self._bound_http(WebRpcs(table, guard), PageDoor(access, settings.metrics_access), tls)
            self.http_port = self._http.port
            await self._open_grpc(self._grpc, tls)
            await self._http.start()
        self._vitals.start()
        if any(engine.name not in self._engines.apart for engine in self._engines):
            await asyncio.to_thread(mastering.warm_up)
        for engine in list(self._engines):
            await self._warm_up(engine, renderer)
        if self._member:
            await self._open_grpc(self._grpc, tls)
        if self._others is not None:
            await self._others.start(self.grpc_port, self.http_port)
        self._ready = True
        await self._set_health(serving=True)

    async def stop(self) -> None:
        """Say NOT_SERVING, then refuse new calls, let running ones end in time, and keep what is finished.

        It takes the settings' `drain_s`, `grace_s` and about a second more; less where nothing is left to do.
        """
        served, self._draining = self._ready, True
        await self._set_health(serving=False)
        if self._http is not None:
            self._http.drain()
        others = None if self._others is None else asyncio.create_task(self._others.stop())
        if served and self._settings.drain_s:
            log.info("draining: calls are taken for %g s more", self._settings.drain_s)
            await asyncio.sleep(self._settings.drain_s)
        self._ready = False
        grace_s = self._settings.grace_s
        log.info("stopping; calls in flight have %g s", grace_s)
        ends_s = time.monotonic() + grace_s
        if self._stage is not None:
            await self._stage.end(NotReadyError("the server is stopping"), min(RELEASE_S, grace_s))
        left_s = max(0.0, ends_s - time.monotonic())
        ends = [self._grpc.stop(left_s)] if self._grpc is not None else []
        ends += [self._http.drained(left_s)] if self._http is not None else []
        await asyncio.gather(*ends)
        if self._renderer is not None:
            await self._renderer.close()
        if self._stage is not None:
            await self._stage.close()
        if others is not None:
            await others
        if self._http is not None:  # last: metrics and health tell of a stopping server, too
            await self._http.stop()
        await self._vitals.stop()
        await self._traces.close(min(FLUSH_S, grace_s, max(LEAST_FLUSH_S, ends_s - time.monotonic())))

    def _place_engines(self, renderer: Renderer, nursery: Nursery) -> None:
        """Have the engines that run apart from this process begin where they run."""
        for engine in self._engines:
            if engine.name in self._engines.apart:
                on_up = partial(self._show_engine, engine.name)
                workshop = workshop_of(engine, self._settings, nursery, self.metrics, on_up, renderer.widen)
                renderer.place(engine.name, workshop)

    def _service(self, renderer: Renderer, stage: Stage, node: str | None) -> SoundService:
        return SoundService(
            engines=self._engines,
            renderer=renderer,
            metrics=self.metrics,
            ready=lambda: self._ready,
            stage=stage,
            board=self._board,
            session_prefix=lambda: session_prefix(node, self.grpc_port, self.http_port),
        )

    def _admin(self, renderer: Renderer, access: Access) -> AdminService:
        return AdminService(
            engines=self._engines,
            renderer=renderer,
            registry=self.metrics.registry,
            access=access,
            ready=lambda: self._ready,
        )

    def _show_engine(self, name: str, up: bool) -> None:
        """Show whether there is a process of an engine that is made apart."""
        self.metrics.engine_up.labels(name).set(int(up))
        if self._ready and name in self._expected:
            status = HealthCheckResponse.SERVING if up else HealthCheckResponse.NOT_SERVING
            self._telling = asyncio.create_task(self._health.set(f"{ENGINE_HEALTH}{name}", status))

    def _expect_engines(self) -> None:
        """Show every engine that the settings name as not up yet."""
        for name in self._expected:
            self.metrics.engine_up.labels(name).set(0)

    async def _warm_up(self, engine: Engine, renderer: Renderer) -> None:
        """Warm up an engine; without the default one there is no server, without another there is."""
        began_s = time.perf_counter()
        try:
            await renderer.warm_up(engine)
        except Exception as error:
            if engine.name == DEFAULT_ENGINE:
                raise
            # What its files lack is said in the message; anything else is a mistake of ours.
            foreseen = isinstance(error, SoundError)
            log.error("engine %r cannot be had: %s", engine.name, error, exc_info=None if foreseen else error)
            self._engines.lose(engine.name, str(error)[:MAX_ADVICE_CHARACTERS])
            return
        self.metrics.engine_up.labels(engine.name).set(1)
        log.info("engine %r is warm after %.1f s", engine.name, time.perf_counter() - began_s)

    def _make_grpc(self, *handlers: grpc.GenericRpcHandler) -> grpc.aio.Server:
        server = grpc.aio.server(
            options=[
                # A second server on the same port must fail, not share its calls.
                ("grpc.so_reuseport", int(self._member or self._others is not None)),
                *grpc_options(self._settings),
            ],
        )
        server.add_generic_rpc_handlers(handlers)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if self._settings.reflection == "on":
            reflection.enable_server_reflection(
                (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME), server
            )
        return server

    async def _open_grpc(self, server: grpc.aio.Server, tls: TlsFiles | None) -> None:
        settings = self._settings
        if self._others is not None and settings.grpc_port:
            try:
                check_free(settings.host, settings.grpc_port)
            except OSError as error:
                raise _taken(settings.host, settings.grpc_port) from error
        self.grpc_port = _bind(server, settings.host, settings.grpc_port, tls)
        await server.start()

    def _access(self, tls: TlsFiles | None) -> Access:
        """Return who may call; raise InvalidSettingError for a file of tokens that is wrong."""
        path = self._settings.tokens
        tokens = None if path is None else Tokens(path, on_read=self._credentials_read("tokens"))
        return Access(tokens, certificates=tls is not None and tls.asks_clients)

    def _credentials_read(self, what: str) -> Callable[[bool], object]:
        """Return what counts how reading files of credentials again went."""
        return lambda well: self.metrics.credentials.labels(what, "ok" if well else "failed").inc()

    def _bound_http(self, rpcs: WebRpcs, door: PageDoor, tls: TlsFiles | None) -> HttpServer:
        settings = self._settings
        try:
            return HttpServer(
                host=settings.host,
                port=settings.http_port,
                rpcs=rpcs,
                origins=settings.cors_origin,
                registry=self.metrics.registry,
                vitals=self._vitals,
                others=self._others,
                board=BoardDoor(self._board, settings.show_prompts),
                names=names_of(settings),
                bounds=Bounds(
                    Census(settings.max_connections, settings.max_connections_per_address),
                    settings.request_s,
                    settings.stall_s,
                    lambda reason: self.metrics.cut_off.labels(reason).inc(),
                ),
                door=door,
                tls=None if tls is None else tls.for_http(),
                ready=lambda: self._ready and not self._draining,
            )
        except OSError as error:
            where = f"{settings.host}:{settings.http_port}"
            raise PortTakenError(f"cannot listen on {where} (HTTP): {error.strerror}") from error

    async def _set_health(self, *, serving: bool) -> None:
        """Tell whoever asks or watches: of the server, and of each engine that the settings name."""
        up = {engine.name for engine in self._engines} if serving else set()
        told = dict.fromkeys(("", SERVICE.full_name), serving)
        told |= {f"{ENGINE_HEALTH}{name}": name in up for name in self._expected}
        for name, well in told.items():
            status = HealthCheckResponse.SERVING if well else HealthCheckResponse.NOT_SERVING
            await self._health.set(name, status)


async def make_renderer(settings: Settings, metrics: Metrics, quotas: Quotas | None = None) -> Renderer:
    """Return a renderer with its store opened; without quotas no caller has any."""
    store = None
    if settings.store is not None:
        bound = settings.store_mib * MIB
        evicted = metrics.evictions.labels("store").inc
        opened = partial(Store, settings.store, bound, on_damaged=metrics.damaged.inc, on_evicted=evicted)
        store = await asyncio.to_thread(opened)
    shared = shared_of(settings, metrics)
    if shared is not None:
        await shared.start()
    renderer = Renderer(
        metrics=metrics,
        workers=workers_of(settings),
        memory_bytes=settings.memory_mib * MIB,
        store=store,
        max_recordings=settings.max_recordings,
        recording_bytes=settings.recording_mib * MIB,
        max_queue=settings.max_queue,
        max_line=settings.max_neural_queue,
        max_behind=settings.max_behind,
        max_pinned_bytes=settings.max_pinned_mib * MIB,
        max_tags=settings.max_tags,
        shared=shared,
        quotas=quotas,
    )
    await renderer.pins.load()
    return renderer


def shared_of(settings: Settings, metrics: Metrics) -> "Shared | None":
    """Return the tier that servers share, if there is to be one; raise InvalidSettingError without its extra."""
    if settings.shared is None:
        return None
    try:
        from swash_server.caches.shared import Shared  # noqa: PLC0415
    except ImportError as error:
        advice = "needs what is not installed: pip install 'swash[shared]'"
        raise InvalidSettingError(f"shared: {advice} ({error})") from error
    return Shared(
        settings.shared,
        metrics,
        limit_s=settings.shared_limit_ms / 1000,
        ttl_s=round(settings.shared_ttl_s),
        max_bytes=settings.shared_max_mib * MIB,
    )


def make_quotas(settings: Settings, metrics: Metrics) -> Quotas:
    """Return what each caller may take."""
    return Quotas(
        rate=settings.client_rate,
        burst=settings.client_burst,
        sounds=settings.client_recordings,
        sessions=settings.client_sessions,
        voices=settings.client_voices,
        refused=lambda reason: metrics.refused.labels(reason).inc(),
    )


def make_stage(
    settings: Settings, metrics: Metrics, quotas: Quotas | None = None, nursery: Nursery | None = None
) -> Stage:
    """Return the stage of live sessions."""
    return Stage(
        metrics=metrics,
        workers=settings.live_workers or os.cpu_count() or 2,
        max_sessions=settings.max_sessions,
        max_voices=settings.max_voices,
        quotas=quotas,
        nursery=nursery,
    )


def _warn_of_strangers(settings: Settings) -> None:
    """Say loudly what an operator should have meant."""
    if settings.tls_cert is not None or is_loopback(settings.host):
        return
    log.warning(
        "INSECURE: %s is reached from other machines without TLS: whoever is on the way hears and changes all; "
        "give tls-cert and tls-key, unless something else keeps strangers away", settings.host,
    )  # fmt: skip
    if settings.tokens is not None:
        log.warning("INSECURE: tokens travel unencrypted, and are anybody's who is on the way")


def _bind(server: grpc.aio.Server, host: str, port: int, tls: TlsFiles | None) -> int:
    shown = f"[{host}]" if ":" in host else host
    try:
        if tls is not None:
            return server.add_secure_port(f"{shown}:{port}", tls.for_grpc())
        return server.add_insecure_port(f"{shown}:{port}")
    except RuntimeError as error:
        raise _taken(host, port) from error


def _taken(host: str, port: int) -> PortTakenError:
    shown = f"[{host}]" if ":" in host else host
    return PortTakenError(f"cannot listen on {shown}:{port} (gRPC); is another swash running?")
