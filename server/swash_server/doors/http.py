"""The HTTP port: gRPC-Web and Connect for browsers and game engines, pages for people, metrics for operators."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from swash_server.doors import pages
from swash_server.doors.hosts import Hosts
from swash_server.doors.http_bounds import BoundedConnection, Bounds
from swash_server.doors.http_peer import Peers
from swash_server.doors.page_door import PageDoor
from swash_server.doors.web import PATH, WebRpcs
from swash_server.io_processes import IoProcesses
from swash_server.leaving import Leaving
from swash_server.observability.board_door import BoardDoor
from swash_server.observability.exposition import exposed
from swash_server.observability.vitals import Vitals

LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
# What the protocols put into headers: https://connectrpc.com/docs/cors
ALLOWED_HEADERS = (
    "authorization", "content-type", "connect-protocol-version", "connect-timeout-ms",
    "grpc-timeout", "x-grpc-web", "x-user-agent", "x-request-id", "traceparent", "tracestate",
)  # fmt: skip
EXPOSED_HEADERS = ("grpc-status", "grpc-message", "grpc-status-details-bin")
# Asked after 20 s of silence, every 5 s, four times; what is sent may stay unanswered for a minute.
_VANISHED = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 60_000}
STOP_S = 1  # that requests may still take at the very end
KEEP_ALIVE_S = 60  # longer than clients keep an idle connection, who else find it closed under their next call
PREFLIGHT_S = 7200  # that a browser remembers what it may send


class HttpServer:
    """Serves the rpcs, the pages, /metrics and /healthz. Runs in the event loop of the App."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        rpcs: WebRpcs,
        origins: Sequence[str],
        registry: CollectorRegistry,
        vitals: Vitals,
        board: BoardDoor,
        names: Sequence[str],
        bounds: Bounds,
        door: PageDoor,
        ready: Callable[[], bool],
        others: IoProcesses | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Bind the port at once, so that a taken one is noticed before anything starts; 0 takes a free one.

        `origins` are the sites whose pages may call, "https://game.example" or "*", besides those of this machine;
        `names` are those it answers to, besides addresses.
        """
        self._rpcs = rpcs
        self._registry = registry
        self._vitals = vitals
        self._ready = ready
        self._others = others
        routes = [Mount(PATH, rpcs), Route("/metrics", door.metrics(self._metrics))]
        routes += [Route("/healthz", self._health)]
        routes += [Route("/readyz", self._health), Route("/livez", _alive)]
        routes += [Route("/dashboard/data", door.known(board.answer)), *pages.routes(door.known)]
        self._draining = False
        leaving = Middleware(Leaving, lambda: self._draining)
        cors = Middleware(
            CORSMiddleware,
            allow_origins=tuple(origins),
            allow_origin_regex=LOCAL_ORIGIN,
            allow_methods=("GET", "POST"),
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=PREFLIGHT_S,
        )
        app = Starlette(
            routes=routes, middleware=[leaving, cors], exception_handlers={ClientDisconnect: _nobody_waits}
        )
        config = uvicorn.Config(
            Hosts(Peers(app), names, bounds.on_refused),
            http=type("Connection", (BoundedConnection,), {"bounds": bounds}),
            ws="none",
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
            loop="none",
            lifespan="off",
            log_config=None,  # its lines are lines of the log
            log_level="warning",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_S,
            server_header=False,
        )
        self._server = _QuietServer(config)
        self._socket = socket.create_server((host, port), family=_family(host), reuse_port=False)
        _let_go_of_the_vanished(self._socket)
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Return the port in use."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Begin to answer."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))

    def drain(self) -> None:
        """Have each answer from now on end its connection; calls, metrics and health go on."""
        self._draining = True

    async def drained(self, within_s: float) -> None:
        """Return when no call is being answered any more, or after so many seconds; metrics and health go on."""
        await self._rpcs.drained(within_s)

    async def stop(self) -> None:
        """End within a few seconds."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        self._socket.close()

    async def _metrics(self, request: Request) -> Response:
        await self._vitals.look()
        registry = self._registry if self._others is None else await self._others.collected(self._registry)
        text, kind = exposed(registry, request.headers.get("accept", ""))
        return Response(text, headers={"content-type": kind})

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse("SERVING") if self._ready() else PlainTextResponse("NOT_SERVING", 503)


async def _alive(_request: Request) -> Response:
    """Say that the event loop turns, which is all that a restart could mend."""
    return PlainTextResponse("ALIVE")


async def _nobody_waits(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # whose body broke off


class _QuietServer(uvicorn.Server):
    """Leaves signals to the App."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _let_go_of_the_vanished(listening: socket.socket) -> None:
    """Have connections end whose other machine is gone: it says no goodbye, and its voices would sound on.

    Accepted connections inherit these options. HTTP/1.1 has no ping as HTTP/2 has: TCP asks while nothing is sent,
    and waits only so long for an answer to what is.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _VANISHED.items():
        if (option := getattr(socket, name, None)) is not None:  # not every system has each
            listening.setsockopt(socket.IPPROTO_TCP, option, value)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
