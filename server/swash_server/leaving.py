"""Clients of HTTP/1.1 are asked to go: each answer of a server that stops is the last on its connection."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

Scope: TypeAlias = Any
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Leaving:
    """An ASGI application around another, whose answers say `connection: close` while the server is leaving.

    HTTP/2 has GOAWAY for it. A client that keeps its connection would send its next call to a server that is about
    to end, and find it closed half-way.
    """

    def __init__(self, app: Application, leaving: Callable[[], bool]) -> None:
        self._app = app
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start" and self._leaving():
                headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"connection"]
                message = {**message, "headers": [*headers, (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, sent)
