"""The package's Runtime/Core, compiled with the symbols that each runtime's own compiler defines."""

from pathlib import Path

from tests.clients.csharp import toolchain

# HttpTransport.cs asks for these: HTTP/2 in the clear, and trailers.
DEFINES: dict[toolchain.Framework, tuple[str, ...]] = {
    "net8": ("NET5_0_OR_GREATER",),
    "netcore31": ("NETSTANDARD2_1",),
    "mono": (),
}


def compiled(framework: toolchain.Framework) -> Path:
    """Return the assembly."""
    return toolchain.core(framework, DEFINES[framework])
