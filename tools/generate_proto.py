"""Generates the contract's code for every language, in place or into another folder.

    .venv/bin/python tools/generate_proto.py [--into DIR]

Python stands beside the .proto files, C# in the package for Unity, GDScript in the add-on for Godot. What is
generated is checked in, so that users need no compiler; a test proves it fresh.
"""

import argparse
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROTOS = ROOT / "protos"
CSHARP = ROOT / "unity_sample/Packages/com.swash.client/Runtime/Core/Generated"
GDSCRIPT = ROOT / "clients/godot/addons/swash/generated"
PLUGIN = ROOT / "tools/protoc-gen-swash"

# What operators call, from Python: games and browsers do not.
ADMIN = "swash/v1/admin.proto"
# What error details are made of; Python has these already.
GOOGLES = (
    "google/protobuf/any.proto",
    "google/protobuf/duration.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
)


def generate(into: Path = ROOT) -> int:
    """Write every language below `into`, each where it stands in the repository; return protoc's exit status."""
    own = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))
    scripts = Path(sys.executable).parent
    python = _made(into, PROTOS)
    status = protoc(
        f"--plugin=protoc-gen-mypy={scripts / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={scripts / 'protoc-gen-mypy_grpc'}",
        f"--python_out={python}",
        f"--grpc_python_out={python}",
        f"--mypy_out={python}",
        f"--mypy_grpc_out={python}",
        *own,
    )
    for language, folder in (("csharp", CSHARP), ("gdscript", GDSCRIPT)):
        status = status or swash(language, _made(into, folder), *sources_for_games(), *GOOGLES)
    return status


def sources_for_games() -> list[str]:
    """Return the .proto files that every client knows, as they import each other."""
    own = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))
    return [source for source in own if source != ADMIN]


def swash(language: str, into: Path, *sources: str, path: Path | None = None) -> int:
    """Write `sources` in a language of our own plugin into a folder; `path` is where else they are looked for."""
    more = [f"--proto_path={path}"] if path else []
    plugin = f"--plugin=protoc-gen-swash={PLUGIN}"
    return protoc(*more, plugin, f"--swash_out={into}", f"--swash_opt=lang={language}", *sources)


def protoc(*arguments: str) -> int:
    """Run protoc where it finds the contract and Google's files, and where plugins find this Python."""
    scripts = Path(sys.executable).parent
    places = [PROTOS, str(files("grpc_tools") / "_proto"), str(files("google.rpc") / "../..")]
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        *(f"--proto_path={place}" for place in places),
        *arguments,
    ]
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


def _made(into: Path, folder: Path) -> Path:
    made = into / folder.relative_to(ROOT)
    made.mkdir(parents=True, exist_ok=True)
    return made


def main() -> None:
    """Generate in place, or where --into says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT)
    sys.exit(generate(parser.parse_args().into))


if __name__ == "__main__":
    main()
