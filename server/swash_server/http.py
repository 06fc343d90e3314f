"""The HTTP port: metrics and health for operators. Runs in the event loop of the App."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

STOP_S = 2.0  # that open requests may take when the App stops


class HttpServer:
    """Serves /metrics and /healthz."""

    def __init__(self, *, host: str, port: int, registry: CollectorRegistry, ready: Callable[[], bool]) -> None:
        """Bind the port at once, so that a taken one is noticed before anything starts; 0 takes a free one."""
        self._registry = registry
        self._ready = ready
        routes = [Route("/metrics", self._metrics), Route("/healthz", self._health)]
        config = uvicorn.Config(
            Starlette(routes=routes),
            loop="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=int(STOP_S),
            server_header=False,
        )
        self._server = _QuietServer(config)
        self._socket = socket.create_server((host, port), family=_family(host), reuse_port=False)
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Return the port in use."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Begin to answer."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        """End within a few seconds."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        self._socket.close()

    async def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse("SERVING") if self._ready() else PlainTextResponse("NOT_SERVING", 503)


class _QuietServer(uvicorn.Server):
    """Leaves signals to the App."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
