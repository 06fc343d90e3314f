"""Who may read what is no rpc: the numbers of the dashboard and of Prometheus, and the reader of manifests."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from swash_server.callers.access import Access
from swash_server.callers.identity import PEER, Peer
from swash_server.observability.board_door import is_local
from swash_server.settings import MetricsAccess

Answering: TypeAlias = Callable[[Request], Awaitable[Response]]


class PageDoor:
    """Lets those in who sit at this machine or show a token or a certificate; where nobody is asked, everybody."""

    def __init__(self, access: Access, metrics_access: MetricsAccess) -> None:
        """`metrics_access` is for /metrics alone: "all", "local", or "token", which this machine needs not."""
        self._access = access
        self._metrics_access = metrics_access

    def known(self, answer: Answering) -> Answering:
        """Return an endpoint that answers those who are known."""
        return self._guarded(answer, lambda request: not self._access.asks or self._is_known(request))

    def metrics(self, answer: Answering) -> Answering:
        """Return the endpoint of the metrics, open as the setting says."""
        may = {"all": lambda _: True, "local": is_local, "token": self._is_known}[self._metrics_access]
        return self._guarded(answer, may)

    def _is_known(self, request: Request) -> bool:
        return is_local(request) or (self._access.asks and self._access.knows(_Asked(request)))

    @staticmethod
    def _guarded(answer: Answering, may: Callable[[Request], bool]) -> Answering:
        async def guarded(request: Request) -> Response:
            if may(request):
                return await answer(request)
            text = "who asks is not known here: authorization: Bearer TOKEN, or from this machine\n"
            return PlainTextResponse(text, HTTPStatus.UNAUTHORIZED, {"www-authenticate": "Bearer"})

        return guarded


class _Asked:
    """The credentials of a request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def header(self, name: str) -> str | None:
        return self._request.headers.get(name)

    def peer(self) -> Peer:
        return PEER.get()
