"""A connection of the HTTP port that tells each request whose it is."""

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from swash_server.callers.identity import PEER, Peer
from swash_server.doors.web import Receive, Scope, Send

_STATE = "swash.names"


class HttpConnection(HttpToolsProtocol):
    """Reads the client's certificate once, when the handshake is over."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the names in the certificate for every request of this connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _STATE: _names(transport.get_extra_info("ssl_object"))}


def note_peer(scope: Scope) -> Peer:
    """Note for whatever answers a request whose connection it came by, and return that."""
    client = scope.get("client")
    peer = Peer(client[0] if client else "", scope.get("state", {}).get(_STATE, ()))
    PEER.set(peer)
    return peer


class Peers:
    """An ASGI application around another, which notes whose each request is."""

    def __init__(self, app: object) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        note_peer(scope)
        await self._app(scope, receive, send)  # type: ignore[operator]


def _names(handshake: ssl.SSLObject | None) -> tuple[str, ...]:
    """Return the names in a client's certificate, none where there is no certificate."""
    certificate: Any = handshake.getpeercert() if handshake is not None else None
    if not certificate:
        return ()
    if others := tuple(str(value) for _, value in certificate.get("subjectAltName", ())):
        return others
    return tuple(
        str(value) for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"
    )
