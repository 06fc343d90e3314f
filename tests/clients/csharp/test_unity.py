"""The Unity components over a double of Unity, against the real server."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.clients.csharp import toolchain, unity
from tests.serving import ServerProcess

pytestmark = pytest.mark.xdist_group("csharp_unity")  # one compilation

HERE = Path(__file__).parent
PACKAGE_TESTS = toolchain.sources_of(unity.TESTS)
DOUBLE_TESTS = sorted(
    (HERE / "unity_tests").glob("*.cs")
)  # those that steer the double, which Unity's runner has not
WEBGL_TESTS = [unity.TESTS / "PlayModeTest.cs", *sorted((HERE / "unity_tests/webgl").glob("*.cs"))]
RUN_S = 110.0


class Operator:
    """Starts and kills a server at a test's word: POST /start answers with its address, the same each time."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._server: ServerProcess | None = None
        self._ports: tuple[str, ...] = ()

    def start(self) -> str:
        self._server = ServerProcess(self._store, *self._ports)
        grpc_port, http_port = (
            address.rpartition(":")[2] for address in (self._server.address, self._server.http)
        )
        self._ports = (f"--grpc-port={grpc_port}", f"--http-port={http_port}")
        return self._server.http

    def kill(self) -> str:
        if self._server is not None:
            self._server.kill()
            self._server = None
        return ""


@contextmanager
def listening(operator: Operator) -> Iterator[str]:
    """Give the address at which an operator takes orders."""
    orders = {"/start": operator.start, "/kill": operator.kill}

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = orders[self.path]().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as desk:
        thread = threading.Thread(target=desk.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{desk.server_port}"
        finally:
            desk.shutdown()
            thread.join()
            operator.kill()


def passed(program: Path, part: str, environment: dict[str, str]) -> int:
    """Run the tests whose names hold a part; return how many passed, and fail when one did not."""
    ran = toolchain.run_dotnet(program, part, env=environment, timeout=RUN_S)
    said = (ran.stdout + ran.stderr).decode()
    counts = re.search(r"^(\d+) passed, 0 failed, 0 skipped$", said, re.MULTILINE)
    assert counts is not None, said
    assert ran.returncode == 0, said
    return int(counts[1])


@pytest.mark.parametrize(
    "subject", [path.stem for path in (*PACKAGE_TESTS, *DOUBLE_TESTS) if path.stem.endswith("Tests")]
)
def test_the_components_keep_their_promises(server: ServerProcess, tmp_path: Path, subject: str) -> None:
    program = unity.program([*PACKAGE_TESTS, *DOUBLE_TESTS])
    with listening(Operator(tmp_path / "store")) as control:
        environment = {"SWASH_HTTP": server.http, "SWASH_CONTROL": control, "UNITY_PERSISTENT_DATA": str(tmp_path)}
        assert passed(program, f"Swash.Tests.{subject}.", environment) > 4


def test_on_webgl_nothing_waits_for_a_thread(server: ServerProcess, tmp_path: Path) -> None:
    program = unity.program(WEBGL_TESTS, ["UNITY_WEBGL"])
    assert passed(program, "WebGLTests", {"SWASH_HTTP": server.http, "UNITY_PERSISTENT_DATA": str(tmp_path)}) > 5


@pytest.mark.parametrize("handler", ["SWASH_YAHH", "UNITY_6000_7_OR_NEWER"])
def test_the_components_compile_with_what_speaks_http_2_in_unity(handler: str) -> None:
    unity.components([handler])


def test_the_components_need_no_newer_api_than_unity_has() -> None:
    unity.components(framework="netcore31")
