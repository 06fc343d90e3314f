"""A gate between a client and a server: it stalls and cuts connections when a test in the client says so."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

PIECE_BYTES = 65536


class Gate:
    """Passes connections at `url` on to a server. What it is asked for at `control` it does, and answers then.

    /stall keeps what the server sends, /flow passes it on again, /cut breaks every connection.
    """

    def __init__(self, server: str) -> None:
        where = urlsplit(server)
        self._server = (where.hostname or "", where.port or 80)
        self._flows = threading.Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._control = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.control = f"http://127.0.0.1:{self._control.server_port}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        self._run(self._control.serve_forever)
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        self._control.shutdown()
        self._control.server_close()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()
        for thread in self._threads:
            thread.join()

    def _run(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets |= {client, server}
            self._run(self._pass_on, client, server, False)
            self._run(self._pass_on, server, client, True)

    def _pass_on(self, source: socket.socket, target: socket.socket, stalls: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if stalls:
                    self._flows.wait()
                target.sendall(piece)
        for one in (source, target):
            self._close(one)

    def _close(self, one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._sockets.discard(one)
        one.close()

    def _cut(self) -> None:
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _do(self, what: str) -> bool:
        match what:
            case "/stall":
                self._flows.clear()
            case "/flow":
                self._flows.set()
            case "/cut":
                self._cut()
            case _:
                return False
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if gate._do(self.path) else 404)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        return Handler
