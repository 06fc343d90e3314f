"""Generates the Python of the contract beside its .proto files, or into another folder.

    .venv/bin/python tools/generate_proto.py [--into DIR]

The generated files are checked in, so that users need no compiler; a test proves them fresh.
"""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).parent.parent / "protos"


def generate(into: Path) -> int:
    """Write messages, stubs and their types below `into`; return protoc's exit status."""
    sources = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.rglob("*.proto"))
    scripts = Path(sys.executable).parent
    return int(
        protoc.main(
            [
                "protoc",
                f"--proto_path={PROTOS}",
                f"--proto_path={files('grpc_tools') / '_proto'}",
                f"--plugin=protoc-gen-mypy={scripts / 'protoc-gen-mypy'}",
                f"--plugin=protoc-gen-mypy_grpc={scripts / 'protoc-gen-mypy_grpc'}",
                f"--python_out={into}",
                f"--grpc_python_out={into}",
                f"--mypy_out={into}",
                f"--mypy_grpc_out={into}",
                *sources,
            ]
        )
    )


def main() -> None:
    """Generate in place, or where --into says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=PROTOS)
    sys.exit(generate(parser.parse_args().into))


if __name__ == "__main__":
    main()
