"""A server and its parts, started and stopped as one."""

import asyncio
import logging
import os
import time
from functools import partial

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection

from swash_model.engine import Engine
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.errors import SoundError
from swash_server import mastering, native
from swash_server.board import Board
from swash_server.board_door import BoardDoor
from swash_server.errors import NotReadyError
from swash_server.guard import Guard
from swash_server.http import HttpServer
from swash_server.metrics import Metrics
from swash_server.renderer import Renderer
from swash_server.rpcs import SERVICE, rpcs
from swash_server.service import SoundService
from swash_server.settings import MIB, Settings
from swash_server.stage import Stage
from swash_server.store import Store
from swash_server.telemetry import Traces, traces_of
from swash_server.vitals import Vitals
from swash_server.web import WebRpcs
from swash_server.wire import MAX_REQUEST_BYTES

HANDSHAKE_MS = 10_000  # a connection that says nothing is let go
FLUSH_S = 2.0  # for the last spans, when the server stops
RELEASE_S = 1.0  # for live voices to fade out when the server stops
KEEPALIVE_MS, KEEPALIVE_TIMEOUT_MS = 20_000, 10_000
MAX_ADVICE_CHARACTERS = 1000  # it travels among a call's headers, for which gRPC has 8 KiB

log = logging.getLogger(__name__)


class PortTakenError(OSError):
    """Somebody else listens there already."""


class App:
    """One server: gRPC and HTTP ports over one service object. Several may live in one process."""

    def __init__(self, settings: Settings, engines: Engines) -> None:
        """Put the parts together; nothing runs before `start`."""
        self._settings = settings
        self._engines = engines
        self._ready = False
        self.metrics = Metrics()
        self._grpc: grpc.aio.Server | None = None
        self._http: HttpServer | None = None
        self._renderer: Renderer | None = None
        self._stage: Stage | None = None
        self._vitals = Vitals(self.metrics, settings.store)
        self._board = Board(self.metrics.registry, engines, lambda: self._ready)
        self._traces = Traces()
        self._health = health.aio.HealthServicer()
        self.grpc_port = 0
        self.http_port = 0

    async def start(self) -> None:
        """Bind both ports, answer health with NOT_SERVING while the engines warm up, then serve."""
        settings = self._settings
        self._expect_engines()
        renderer = self._renderer = await make_renderer(settings, self.metrics)
        self._stage = make_stage(settings, self.metrics)
        service = SoundService(
            engines=self._engines,
            renderer=renderer,
            metrics=self.metrics,
            ready=lambda: self._ready,
            stage=self._stage,
            board=self._board,
        )
        self._traces = traces_of(settings)
        guard = Guard(self.metrics, self._traces, log_prompts=settings.log_prompts == "on")
        table = rpcs(service)
        self._http = self._bound_http(WebRpcs(table, guard))
        self.http_port = self._http.port
        self._grpc = self._make_grpc(native.handlers(table, guard))
        self.grpc_port = _bind(self._grpc, settings.host, settings.grpc_port)
        await self._set_health(serving=False)
        await self._grpc.start()
        await self._http.start()
        self._vitals.start()
        await asyncio.to_thread(mastering.warm_up)
        for engine in list(self._engines):
            await self._warm_up(engine, renderer)
        self._ready = True
        await self._set_health(serving=True)

    async def stop(self) -> None:
        """Refuse new calls, let running ones end within the grace time, and keep what is finished."""
        self._ready = False
        if self._grpc is not None:
            await self._set_health(serving=False)
            if self._stage is not None:
                await self._stage.end(
                    NotReadyError("the server is stopping"), min(RELEASE_S, self._settings.grace_s)
                )
        grace_s = self._settings.grace_s
        ends = [self._grpc.stop(grace_s)] if self._grpc is not None else []
        ends += [self._http.drained(grace_s)] if self._http is not None else []
        await asyncio.gather(*ends)
        if self._renderer is not None:
            await self._renderer.close()
        if self._stage is not None:
            await self._stage.close()
        if self._http is not None:  # last: metrics and health tell of a stopping server, too
            await self._http.stop()
        await self._vitals.stop()
        await self._traces.close(min(FLUSH_S, self._settings.grace_s))

    def _expect_engines(self) -> None:
        """Show every engine that the settings name as not up yet; one that nobody asked for is not shown."""
        names = {engine.name for engine in self._engines}
        if self._settings.model is not None:  # its packages may be missing
            names.add(NEURAL_ENGINE)
        for name in names:
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

    def _make_grpc(self, handlers: grpc.GenericRpcHandler) -> grpc.aio.Server:
        server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),  # a second server on the same port must fail, not share its calls
                ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
                ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
                # A caller whose machine is gone says no goodbye: ask, and let its voices go.
                ("grpc.keepalive_time_ms", KEEPALIVE_MS),
                ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
            ],
        )
        server.add_generic_rpc_handlers((handlers,))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection(
            (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        return server

    def _bound_http(self, rpcs: WebRpcs) -> HttpServer:
        settings = self._settings
        try:
            return HttpServer(
                host=settings.host,
                port=settings.http_port,
                rpcs=rpcs,
                origins=settings.cors_origin,
                registry=self.metrics.registry,
                vitals=self._vitals,
                board=BoardDoor(self._board, settings.show_prompts),
                ready=lambda: self._ready,
            )
        except OSError as error:
            where = f"{settings.host}:{settings.http_port}"
            raise PortTakenError(f"cannot listen on {where} (HTTP): {error.strerror}") from error

    async def _set_health(self, *, serving: bool) -> None:
        status = HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING
        for name in ("", SERVICE.full_name):
            await self._health.set(name, status)


async def make_renderer(settings: Settings, metrics: Metrics) -> Renderer:
    """Return a renderer with its store opened."""
    store = None
    if settings.store is not None:
        bound = settings.store_mib * MIB
        store = await asyncio.to_thread(partial(Store, settings.store, bound, on_damaged=metrics.damaged.inc))
    renderer = Renderer(
        metrics=metrics,
        workers=settings.workers or max(1, (os.cpu_count() or 2) - 1),
        memory_bytes=settings.memory_mib * MIB,
        store=store,
        max_recordings=settings.max_recordings,
        recording_bytes=settings.recording_mib * MIB,
        max_line=settings.max_neural_queue,
        max_behind=settings.max_behind,
        max_pinned_bytes=settings.max_pinned_mib * MIB,
        max_tags=settings.max_tags,
    )
    await renderer.pins.load()
    return renderer


def make_stage(settings: Settings, metrics: Metrics) -> Stage:
    """Return the stage of live sessions."""
    return Stage(
        metrics=metrics,
        workers=settings.live_workers or os.cpu_count() or 2,
        max_sessions=settings.max_sessions,
        max_voices=settings.max_voices,
    )


def _bind(server: grpc.aio.Server, host: str, port: int) -> int:
    shown = f"[{host}]" if ":" in host else host
    try:
        return server.add_insecure_port(f"{shown}:{port}")
    except RuntimeError as error:
        raise PortTakenError(f"cannot listen on {shown}:{port} (gRPC); is another swash running?") from error
