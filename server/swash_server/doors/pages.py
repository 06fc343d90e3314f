"""The pages for people: sounds to try at /, how the server does at /dashboard.

Their files, in pages/, are built from clients/web and checked in: nothing is loaded from elsewhere.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeAlias

from google.protobuf import json_format
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from swash_server.errors import InvalidManifestError
from swash_server.manifests import manifest
from swash_server.manifests.manifest_text import MAX_BYTES

PAGES = {"/": "audition.html", "/dashboard": "dashboard.html"}
FILES = "/pages"
# Everything is the server's own; blob: is what a page made itself: sounds to save, a worker's code.
POLICY = "; ".join([
    "default-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
])  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for again each time, and answered by 304 while it is the same: a new server brings new pages at once.
    "Cache-Control": "no-cache",
}
_Answering: TypeAlias = Callable[[Request], Awaitable[Response]]
# Windows keeps types in its registry, where other programs change them.
_TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html", "txt": "text/plain"}


@dataclass(frozen=True, slots=True)
class _File:
    """A file in memory."""

    data: bytes
    kind: str
    tag: str


def routes(known: Callable[[_Answering], _Answering]) -> Iterator[Route]:
    """Yield where each page, its files and what it needs are; every file is read now, a megabyte in all.

    Pages are for everybody; `known` makes an endpoint one for those whom the server knows.
    """
    folder = resources.files("swash_server") / "pages"
    files = {file.name: _read(file) for file in folder.iterdir() if file.is_file()}
    for path, name in PAGES.items():
        if name in files:
            yield Route(path, _endpoint(files[name]))
    for name, file in files.items():
        if not name.endswith(".html"):
            yield Route(f"{FILES}/{name}", _endpoint(file))
    yield Route("/manifest", known(_manifest), methods=["POST"])


def _read(file: Traversable) -> _File:
    data = file.read_bytes()
    kind = _TYPES[file.name.rpartition(".")[2]]
    return _File(data, kind, f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def _endpoint(file: _File) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        headers = HEADERS | {"ETag": file.tag}
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if file.tag in known:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(file.data, headers=headers, media_type=file.kind)

    return answer


async def _manifest(request: Request) -> Response:
    """Answer the text of a manifest with its sounds as requests, or with what is wrong in it: 400.

    The page reads what others wrote through the reader that `swash bake` and Preload have.
    """
    text = b""
    async for part in request.stream():
        text += part
        if len(text) > MAX_BYTES:
            return _problems(f"manifest: at most {MAX_BYTES} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        said = await asyncio.to_thread(lambda: manifest.read(text.decode()))
    except UnicodeDecodeError:
        return _problems("manifest: text in UTF-8")
    except InvalidManifestError as error:
        return _problems(str(error))
    sounds = [
        {
            "name": sound.name,
            "request": json_format.MessageToDict(sound.request),
            "initAudio": bool(sound.init_audio),
        }
        for sound in said.sounds
    ]
    return JSONResponse({"tag": said.tag, "source": said.source, "sounds": sounds}, headers=HEADERS)


def _problems(text: str, status: int = HTTPStatus.BAD_REQUEST) -> Response:
    return JSONResponse({"problems": text.splitlines()}, status, HEADERS)
