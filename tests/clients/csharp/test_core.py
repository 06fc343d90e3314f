"""The C# client against a real server, on .NET 8 over both wires and on Mono over gRPC-Web."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from swash_client import Client
from swash_server.callers import tokens
from tests.certificates import Certificate
from tests.clients.csharp import toolchain
from tests.serving import ServerProcess

pytestmark = pytest.mark.xdist_group("csharp_core")  # one compilation

TESTS = toolchain.sources_of(toolchain.PACKAGE / "Tests/Core")
SHIM = toolchain.sources_of(Path(__file__).parent / "shim")
RUN_S = 100.0


@pytest.fixture
def live_sha256(server: ServerProcess) -> str:
    """Give the digest of what LiveSessionTests.cs commands, as the Python client hears it over Perform."""
    with Client(server.address) as swash, swash.perform(sample_rate=16000, channels=2, unpaced=True) as session:
        rain = session.start(effect="rain", seed=11, at_frame=0)
        boots = session.start(effect="footsteps", parameters={"surface": "mud"}, seed=5, armed=True, at_frame=0)
        rain.set("intensity", 0.9, ramp_s=0.5, at_frame=1600)
        boots.trigger(at_frame=3200)
        boots.trigger(seed=9, at_frame=8000)
        rain.crossfade(effect="wind", seed=3, fade_s=0.3, at_frame=9600)
        session.stop(release_s=0.2, at_frame=16000)
        session.finish()
        return hashlib.sha256((session.rest() * 32768.0).astype("<i2").tobytes()).hexdigest()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a server that asks who calls, over https; give what TrustTests.cs wants to know of it."""
    folder = tmp_path_factory.mktemp("guarded")
    token = tokens.made()
    (folder / "tokens").write_text(f"game play sha256:{tokens.digest_of(token).hex()}\n")
    authority = Certificate("an authority", authority=True)
    (folder / "ca.pem").write_bytes(authority.pem)
    files = Certificate.of_server("sounds", by=authority).write(folder)
    flags = [f"--tls-cert={files['tls_cert']}", f"--tls-key={files['tls_key']}", f"--tokens={folder / 'tokens'}"]
    with ServerProcess(folder / "store", *flags) as running:
        yield {
            "SWASH_TLS_HTTP": running.http.replace("http:", "https:"),
            "SWASH_TLS_GRPC": f"https://{running.address}",
            "SWASH_CA": str(folder / "ca.pem"),
            "SWASH_PLAY_TOKEN": token,
        }


def test_on_dotnet_the_client_keeps_its_promises_over_both_wires(
    server: ServerProcess, guarded: dict[str, str], live_sha256: str
) -> None:
    program = toolchain.nunit_program("Swash.Core.Tests", TESTS, [toolchain.core("net8")])
    environment = {
        "SWASH_HTTP": server.http,
        "SWASH_GRPC": f"http://{server.address}",
        "SWASH_LIVE_SHA256": live_sha256,
        **guarded,
    }
    passed, skipped = _counts(toolchain.run_dotnet(program, env=environment, timeout=RUN_S))
    assert passed > 100
    assert skipped == 0


def test_on_mono_the_client_keeps_them_over_http_1(server: ServerProcess, live_sha256: str) -> None:
    program = toolchain.compile(
        "Swash.Core.Tests", [*TESTS, *SHIM], [toolchain.core("mono")], target="exe", framework="mono"
    )
    environment = {"SWASH_HTTP": server.http, "SWASH_LIVE_SHA256": live_sha256}
    passed, skipped = _counts(toolchain.run_mono(program, env=environment, timeout=RUN_S))
    assert passed > 70
    assert skipped < passed  # those of HTTP/2 and of elliptic curves, which this Mono has not


def test_the_client_needs_no_newer_api_than_unity_has() -> None:
    toolchain.core("netcore31")


def _counts(result: CompletedProcess[bytes]) -> tuple[int, int]:
    """Return how many tests passed and how many were skipped; fail when one failed."""
    lines = result.stdout.decode().splitlines()
    worth_showing = "\n".join(line for line in lines if not line.startswith(("Passed ", "Skipped ")))
    counts = re.search(r"^(\d+) passed, 0 failed, (\d+) skipped$", worth_showing, re.MULTILINE)
    assert counts is not None, worth_showing + result.stderr.decode()
    assert result.returncode == 0, result.stderr.decode()
    return int(counts[1]), int(counts[2])
