"""A small real hub: two repositories behind HTTP, one of them gated, and a second host that holds large files.

It answers as Hugging Face does: HEAD tells commit, digest and size; large files are found elsewhere; parts can be
asked for. It can break off, refuse, damage, and announce more than there is.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL, T5 = "stabilityai/stable-audio-open-small", "google-t5/t5-base"
TOKEN, STRANGER, EXPIRED = "hf_let_in", "hf_not_let_in", "hf_expired"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 100_000  # from here on, files lie on the other host


@dataclass
class Hub:
    """What the hub holds, and what it has been asked."""

    files: dict[str, bytes]
    breaks_after: list[int] = field(default_factory=list)  # bytes of the next large answers before they break off
    told_bytes: int | None = None  # the size that HEAD tells in place of the true one
    damaged: bool = False
    login_page: bool = False  # as of a hotel's network, which answers everything itself
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ranges(self) -> list[str | None]:
        """Return from where each large answer was asked for."""
        return [headers.get("range") for method, path, headers in self.asked if "/far/" in path]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files of a model's folder as the two repositories hold them."""
    t5 = {f"{T5}/{path.name}": path.read_bytes() for path in (folder / "t5").iterdir()}
    return t5 | {f"{MODEL}/{path.name}": path.read_bytes() for path in folder.iterdir() if path.is_file()}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve a hub on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            hub.asked.append((self.command, self.path, headers))
            if self.path.startswith("/far/"):
                self._give(hub.files[self.path.removeprefix("/far/")], headers)
                return
            if hub.login_page:
                self._give(b"<html>room number?</html>", headers)
                return
            repo, _, rest = self.path.strip("/").partition("/resolve/")
            revision, _, name = rest.partition("/")
            token = headers.get("authorization", "").removeprefix("Bearer ")
            if token == EXPIRED:
                self._refuse(401, "", "Invalid credentials in Authorization header")
            elif repo not in {MODEL, T5}:
                self._refuse(404 if token else 401, "RepoNotFound", "Repository not found")
            elif repo == MODEL and token != TOKEN:
                self._refuse(403 if token else 401, "GatedRepo", "Access to model is restricted")
            elif revision not in {"main", COMMIT}:
                self._refuse(404, "RevisionNotFound", "Invalid rev id")
            elif f"{repo}/{name}" not in hub.files:
                self._refuse(404, "EntryNotFound", "Entry not found")
            else:
                self._tell(f"{repo}/{name}", headers)

        def _tell(self, key: str, headers: dict[str, str]) -> None:
            content = hub.files[key]
            if len(content) < LARGE_BYTES:
                digest = hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()
                self._give(content, headers, {"X-Repo-Commit": COMMIT, "ETag": f'"{digest}"'})
                return
            self.send_response(302)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Linked-Size", str(hub.told_bytes or len(content)))
            self.send_header("Location", f"http://localhost:{hub.port}/far/{key}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _give(self, content: bytes, headers: dict[str, str], more: dict[str, str] | None = None) -> None:
            start = 0
            if "range" in headers:
                start = int(headers["range"].removeprefix("bytes=").partition("-")[0])
            body = content[start:]
            if hub.damaged:
                body = bytes(len(body))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                far = self.path.startswith("/far/")
                broken = hub.breaks_after.pop(0) if far and hub.breaks_after else None
                self.wfile.write(body[:broken])
                self.close_connection = broken is not None

        def _refuse(self, status: int, code: str, message: str) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", message)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hub.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
