"""GET /dashboard/data: the board as JSON, and who may read in it what callers asked for."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from swash_server.callers.identity import is_loopback
from swash_server.observability.board import Board
from swash_server.settings import ShowPrompts

MAX_NUMBER_DIGITS = 18
# What proxies add, and browsers do not: whoever asks through one is not on this machine.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class BoardDoor:
    """Answers those who look at the board."""

    def __init__(self, board: Board, show_prompts: ShowPrompts) -> None:
        """Tell prompts to "all", to "none", or to browsers on this machine: "local"."""
        self._board = board
        self._show_prompts = show_prompts

    async def answer(self, request: Request) -> Response:
        """Return what is new since number `since` of the query, 0 without one."""
        since = request.query_params.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) <= MAX_NUMBER_DIGITS):
            return PlainTextResponse(f"since: the `last` of an earlier answer, got {since[:80]!r}\n", 400)
        shown = self._show_prompts == "all" or (self._show_prompts == "local" and is_local(request))
        told = self._board.told(since=int(since), prompts=shown)
        return JSONResponse(told, headers={"cache-control": "no-store", "x-content-type-options": "nosniff"})


def is_local(request: Request) -> bool:
    """Return whether somebody on this machine asks, from a page that this server gave or from a shell.

    The address alone does not tell. A site whose name was bound anew to 127.0.0.1 has its own name as Host; a page
    of another origin that may call has an Origin; and a proxy on this machine speaks for others.
    """
    client, headers = request.client, request.headers
    if client is None or not is_loopback(client.host):
        return False
    if any(name in headers for name in _FORWARDED):
        return False
    host = headers.get("host", "")
    if not is_loopback(_name_of(host)):
        return False
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return False
    origin = headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{host}"


def _name_of(host: str) -> str:
    """Return a Host header without its port, "" for one that cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
