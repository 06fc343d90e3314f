"""The script of tests/conformance in Chromium, over Connect or gRPC-Web."""

import shutil
import tempfile
from pathlib import Path

from tests.clients.web.browser import bundle, served, show
from tests.conformance.guarded import Guarded


def observe(script: Path, server: Guarded, kind: str) -> list[str]:
    """Make every call of a script in a page; return a line of each. `kind` is web-connect or web-grpc-web."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle("conformance", folder)
        shutil.copy(script, folder / "script.tsv")
        with served(folder) as port:
            given = {"server": server.http, "protocol": kind.removeprefix("web-")}
            lines: list[str] = show(f"http://127.0.0.1:{port}/", given).told
    return lines
