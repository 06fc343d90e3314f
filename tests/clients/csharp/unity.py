"""The assemblies of the Unity side: the double of UnityEngine, and the package's components over it."""

from collections.abc import Sequence
from pathlib import Path

from tests.clients.csharp import toolchain

DOUBLE = toolchain.HERE / "unity_double"
TESTS = toolchain.PACKAGE / "Tests/Runtime"


def engine(framework: toolchain.Framework = "net8") -> Path:
    """Return the double of UnityEngine."""
    return toolchain.compile("UnityEngine", toolchain.sources_of(DOUBLE), [toolchain.nunit()], framework=framework)


def components(defines: Sequence[str] = (), framework: toolchain.Framework = "net8") -> Path:
    """Return the package's Runtime/Unity, for the editor or as `defines` say."""
    references = [toolchain.core(framework), engine(framework)]
    return toolchain.compile(
        "Swash.Unity",
        toolchain.sources_of(toolchain.PACKAGE / "Runtime/Unity"),
        references,
        defines,
        framework=framework,
    )


def program(sources: Sequence[Path], defines: Sequence[str] = ()) -> Path:
    """Return the program that runs some tests of the components."""
    return toolchain.nunit_program(
        "Swash.Unity.Tests", sources, [toolchain.core(), engine(), components(defines)], defines
    )
