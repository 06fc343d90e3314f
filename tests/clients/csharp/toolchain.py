"""Compiles C# and runs it: what the tests of the C# client stand on.

    program = toolchain.nunit_program("Swash.Core.Tests", sources, [toolchain.core()])
    result = toolchain.run_dotnet(program, env={"SWASH_HTTP": server.http})

What is compiled stays under build/csharp, by the hash of what went in; workers of pytest share it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tests import tools

Framework = Literal["net8", "netcore31", "mono"]
Target = Literal["library", "exe"]

ROOT = tools.ROOT
PACKAGE = ROOT / "unity_sample/Packages/com.swash.client"
HERE = Path(__file__).parent
BUILD = ROOT / "build/csharp"
COMPILE_S = 110.0
RUN_S = 60.0

# The symbols that compilers define by themselves; of "netcore31" those of Unity, which it stands for.
SYMBOLS: dict[Framework, tuple[str, ...]] = {
    "net8": ("NETCOREAPP", "NETCOREAPP3_0_OR_GREATER", "NET5_0_OR_GREATER", "NET8_0_OR_GREATER"),
    "netcore31": ("NETSTANDARD", "NETSTANDARD2_1", "NETSTANDARD2_1_OR_GREATER"),
    "mono": ("NETFRAMEWORK",),
}
RUNTIME_CONFIG = {
    "runtimeOptions": {
        "tfm": "net8.0",
        "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
        "configProperties": {"System.Globalization.Invariant": True},
    }
}


class CompilationError(AssertionError):
    """What the compiler says is wrong."""


def compile(  # noqa: A001 - toolchain.compile is what it does
    name: str,
    sources: Sequence[Path],
    references: Sequence[Path] = (),
    defines: Sequence[str] = (),
    target: Target = "library",
    framework: Framework = "net8",
) -> Path:
    """Return the assembly of some sources, C# 9, every warning an error; raise CompilationError.

    `references` are assemblies that it is compiled against and that lie beside it afterwards. `defines` come on
    top of SYMBOLS. "netcore31" only compiles: it is nearest to the API that Unity gives, and what is newer than
    that does not compile.
    """
    defines = (*SYMBOLS[framework], *defines)
    key = _key(name, sources, references, defines, target, framework)
    folder = BUILD / f"{name}-{framework}-{key}"
    assembly = folder / f"{name}.{'exe' if target == 'exe' and framework == 'mono' else 'dll'}"
    with _locked(folder):
        if not folder.is_dir():
            _compile_into(folder, assembly.name, sources, references, defines, target, framework)
    return assembly


def core(framework: Framework = "net8", defines: Sequence[str] = ()) -> Path:
    """Return the package's Runtime/Core, which knows nothing of Unity."""
    return compile("Swash.Core", sources_of(PACKAGE / "Runtime/Core"), defines=defines, framework=framework)


def sources_of(*folders: Path) -> list[Path]:
    """Return every C# file of some folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.cs"))


def nunit() -> Path:
    """Return NUnit 3.13's framework: tests and the runner for them."""
    return _roslyn() / "nunit.framework.dll"


def nunit_program(
    name: str, sources: Sequence[Path], references: Sequence[Path], defines: Sequence[str] = ()
) -> Path:
    """Return a program that runs NUnit tests: with an argument, only those whose full name holds it."""
    runner = HERE / "runner/Run.cs"
    return compile(name, [*sources, runner], [*references, nunit()], defines, target="exe")


def run_dotnet(
    program: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    timeout: float = RUN_S,
    stdin: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    """Run a program on .NET 8 to its end, whatever its exit status."""
    return _run([str(tools.dotnet()), str(program), *arguments], env, timeout, stdin)


def run_mono(
    program: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    timeout: float = RUN_S,
    stdin: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    """Run a program on Mono to its end, whatever its exit status."""
    return _run([str(tools.mono()), str(program), *arguments], env, timeout, stdin)


def _run(
    command: list[str], env: Mapping[str, str] | None, timeout: float, stdin: bytes
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", **(env or {})}
    return subprocess.run(command, env=environment, timeout=timeout, input=stdin, capture_output=True, check=False)


def _key(name: str, sources: Sequence[Path], references: Sequence[Path], *others: object) -> str:
    """Return the hash of everything that an assembly is made from."""
    sha = hashlib.sha256(repr((name, others, [path.name for path in sources])).encode())
    for path in (HERE / "csc.py", Path(__file__), *sources, *references):
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()[:16]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder against the other workers."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile_into(
    folder: Path,
    file_name: str,
    sources: Sequence[Path],
    references: Sequence[Path],
    defines: Sequence[str],
    target: Target,
    framework: Framework,
) -> None:
    with tempfile.TemporaryDirectory(dir=BUILD) as temporary:
        made = Path(temporary) / folder.name
        made.mkdir()
        for reference in references:
            shutil.copy(reference, made)
        order: dict[str, Any] = {
            "name": Path(file_name).stem,
            "sources": [str(path) for path in sources],
            "references": [str(path) for path in (*_framework_references(framework), *references)],
            "defines": list(defines),
            "target": target,
            "output": str(made / file_name),
            "roslyn": str(_roslyn()),
            "dotnet": str(tools.dotnet().parent),
            "runtime_config": str(Path(temporary) / "compiler.runtimeconfig.json"),
        }
        Path(order["runtime_config"]).write_text(json.dumps(RUNTIME_CONFIG))
        (Path(temporary) / "order.json").write_text(json.dumps(order))
        command = [sys.executable, str(HERE / "csc.py"), str(Path(temporary) / "order.json")]
        result = _run(command, None, COMPILE_S, b"")
        if result.returncode != 0:
            raise CompilationError(f"{file_name} ({framework}):\n{(result.stdout + result.stderr).decode()}")
        if target == "exe" and framework == "net8":
            (made / file_name).with_suffix(".runtimeconfig.json").write_text(json.dumps(RUNTIME_CONFIG))
        made.rename(folder)


def _framework_references(framework: Framework) -> list[Path]:
    if framework == "mono":
        tools.mono()
        return sorted(Path("/usr/lib/mono/4.5").glob("*.dll")) + sorted(
            Path("/usr/lib/mono/4.5/Facades").glob("*.dll")
        )
    place = tools.dotnet().parent
    if framework == "netcore31":
        place = Path(sysconfig.get_path("purelib")) / "dotnetcore2/bin"
    [shared] = (place / "shared/Microsoft.NETCore.App").iterdir()
    return sorted(path for path in shared.glob("*.dll") if _is_managed(path))


def _is_managed(path: Path) -> bool:
    """Say whether a library is of .NET: the others are for Windows or hold native code."""
    return path.name.startswith(("System.", "Microsoft.", "mscorlib", "netstandard", "WindowsBase")) and (
        ".Native" not in path.name
    )


def _roslyn() -> Path:
    return tools.node_modules() / "@autorest/csharp"
