"""Which names the HTTP port answers to."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from starlette.responses import PlainTextResponse

from swash_server.callers.identity import is_loopback
from swash_server.doors.web import Receive, Scope, Send
from swash_server.settings import Settings


class Hosts:
    """An ASGI application around another, which answers only those who ask for it by one of its names.

    A page whose site's name was bound anew to this machine may otherwise read what it likes: to the browser it is
    the page's own site. So localhost is answered, and any address, for an address is no name that one could bind.
    A name is compared without its port.
    """

    def __init__(self, app: Any, names: Sequence[str], on_refused: Callable[[str], object]) -> None:
        """Wrap an application; "*" among the names allows all."""
        self._app = app
        self._names = frozenset(name.lower() for name in ("localhost", *names))
        self._on_refused = on_refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if "*" in self._names or all(self._known(host) for host in hosts):  # browsers always name one
            await self._app(scope, receive, send)
            return
        self._on_refused("host")
        text = "not a name of this server; --allowed-host lets it answer to more\n"
        await PlainTextResponse(text, 421, headers={"connection": "close"})(scope, receive, send)

    def _known(self, host: bytes) -> bool:
        text = re.sub(r":\d*$", "", host.decode("latin-1").lower())  # without the port
        if text.startswith("[") and text.endswith("]"):
            return _is_address(text[1:-1])
        return text.removesuffix(".") in self._names or _is_address(text)


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(text)
        return True
    return False


def names_of(settings: Settings) -> tuple[str, ...]:
    """Return the names that the HTTP port answers to: those that the operator gave.

    Without any, none where it is bound to this machine alone; bound wider on purpose, every name.
    """
    return settings.allowed_host or (() if is_loopback(settings.host) else ("*",))
