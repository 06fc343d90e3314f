"""The conformance script over the C# client; conformance/Conformance.cs makes the calls."""

from pathlib import Path

from tests.clients.csharp import toolchain
from tests.conformance.guarded import Guarded

SOURCES = Path(__file__).parent / "conformance"
RUN_S = 90.0


def observe(script: Path, server: Guarded, kind: str) -> list[str]:
    """Make every call of a script; return the lines that were said.

    The kind is dotnet-grpc-web, dotnet-http2 or mono-grpc-web.
    """
    framework: toolchain.Framework = "mono" if kind.startswith("mono") else "net8"
    program = toolchain.compile(
        "Swash.Conformance",
        toolchain.sources_of(SOURCES),
        [toolchain.core(framework)],
        target="exe",
        framework=framework,
    )
    run = toolchain.run_mono if framework == "mono" else toolchain.run_dotnet
    scheme = "http" if server.ca is None else "https"
    address, wire = (
        (server.http, "GrpcWeb") if kind.endswith("grpc-web") else (f"{scheme}://{server.address}", "GrpcHttp2")
    )
    result = run(program, address, wire, str(script), str(server.ca or ""), timeout=RUN_S)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode().splitlines()
