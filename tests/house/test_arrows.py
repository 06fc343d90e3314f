"""The house keeps its arrows: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = {
    "swash_model": ROOT / "model" / "swash_model",
    "swash_server": ROOT / "server" / "swash_server",
    "swash_client": ROOT / "clients" / "python" / "swash_client",
    "swash": ROOT / "protos" / "swash",
}
MAY_IMPORT = {
    "swash_model": set(),
    "swash_server": {"swash_model", "swash"},
    "swash_client": {"swash"},
    "swash": set(),
}
# The command line speaks to a server as any caller does: through the client.
MAY_IMPORT_ALSO = {ROOT / "server" / "swash_server" / "cli": {"swash_client"}}
CLIENT_NEEDS = {"grpc", "grpc_status", "google", "numpy"}


def imports_of(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def files_of(package: str) -> list[Path]:
    return [path for path in sorted(PACKAGES[package].rglob("*.py")) if "_pb2" not in path.name]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_along_the_arrows(package: str) -> None:
    for path in files_of(package):
        also = {name for folder, names in MAY_IMPORT_ALSO.items() if folder in path.parents for name in names}
        ours = {name.partition(".")[0] for name in imports_of(path)} & PACKAGES.keys()
        assert ours <= MAY_IMPORT[package] | also | {package}, path


def test_effects_import_no_other_effect() -> None:
    folder = PACKAGES["swash_model"] / "procedural" / "effects"
    effects = {path.stem for path in folder.glob("[a-z]*.py")}
    for path in folder.glob("*.py"):
        others = {name.rpartition(".")[2] for name in imports_of(path) if ".procedural.effects." in name}
        assert not others & (effects - {path.stem}), path


def test_kernels_know_nothing_of_effects() -> None:
    for path in (PACKAGES["swash_model"] / "dsp").glob("*.py"):
        assert not any(name.startswith("swash_model.procedural") for name in imports_of(path)), path


def test_torch_stays_below_the_neural_engine() -> None:
    for package in PACKAGES:
        for path in files_of(package):
            if "stable_audio" not in path.parts:
                assert not {"torch", "transformers"} & {name.partition(".")[0] for name in imports_of(path)}, path


def test_the_client_is_light() -> None:
    for path in files_of("swash_client"):
        foreign = {name.partition(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names)
        assert foreign <= CLIENT_NEEDS | {"swash", "swash_client"}, path


def test_nothing_happens_at_import() -> None:
    """Importing the server starts no thread, changes no environment, compiles no kernel, loads no torch."""
    program = (
        "import os, sys, threading\n"
        "before = dict(os.environ)\n"
        "import swash_server.app, swash_model.procedural.engine, swash_client\n"
        "from swash_model.dsp import chance\n"
        "assert threading.active_count() == 1\n"
        "assert not chance._white.signatures\n"
        "assert 'torch' not in sys.modules\n"
        "changed = {k for k in os.environ if before.get(k) != os.environ[k]}\n"
        "assert not changed, changed\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
