"""Pages in real Chromium: bundled by esbuild, served from a port of their own, driven by playwright-core."""

import functools
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import tools

HERE = Path(__file__).parent
WEB = tools.ROOT / "clients" / "web"
BUNDLE_S = 60.0
PAGE_S = 100.0
HTML = (
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'  # the icon: else browsers ask for one
    '<script type="module" src="page.js"></script>'
)


@dataclass(frozen=True)
class Shown:
    """What a page told, and what stood in its console."""

    told: Any
    said: list[str]


def node_modules() -> Path:
    """Return where npm put what the client is built with."""
    folder = WEB / "node_modules"
    if not folder.is_dir():
        pytest.fail("clients/web/node_modules is missing: make tools")
    return folder


def bundle(page: str, into: Path) -> None:
    """Write a page of pages/ into a folder, ready to be served."""
    command = [
        str(tools.node()),
        str(node_modules() / "esbuild" / "bin" / "esbuild"),
        str(HERE / "pages" / f"{page}.ts"),
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--log-level=warning",
        f"--outfile={into / 'page.js'}",
    ]
    subprocess.run(command, check=True, timeout=BUNDLE_S)
    (into / "index.html").write_text(HTML)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder on 127.0.0.1; give the port."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def show(url: str, given: Mapping[str, Any], *flags: str) -> Shown:
    """Open a page and wait for what it tells."""
    order = {
        "playwright": str(tools.node_modules() / "playwright-core"),
        "chromium": str(tools.chromium()),
        "url": url,
        "given": given,
        "flags": flags,
    }
    done = subprocess.run(
        [str(tools.node()), str(HERE / "browser.mjs"), json.dumps(order)],
        capture_output=True,
        text=True,
        timeout=PAGE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Shown(**json.loads(done.stdout))


class _Quiet(SimpleHTTPRequestHandler):
    """Writes no log."""

    def log_message(self, *_: object) -> None:
        pass
