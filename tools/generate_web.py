"""Generates the contract's TypeScript for the web client, or into another folder.

    .venv/bin/python -m tools.generate_web [--into DIR]

Needs Node.js and clients/web/node_modules. The generated files are checked in; a test proves them fresh.
"""

import argparse
import sys
from pathlib import Path

from tools.generate_proto import protoc, sources_for_games

WEB = Path(__file__).parent.parent / "clients" / "web"
GENERATED = WEB / "src" / "gen"
# Error details; what else is Google's comes with @bufbuild/protobuf.
GOOGLES = ("google/rpc/error_details.proto",)


def generate(into: Path = GENERATED) -> int:
    """Write messages and service below `into`; return protoc's exit status."""
    into.mkdir(parents=True, exist_ok=True)
    return protoc(
        f"--plugin=protoc-gen-es={WEB / 'node_modules' / '.bin' / 'protoc-gen-es'}",
        f"--es_out={into}",
        "--es_opt=target=ts",
        *sources_for_games(),
        *GOOGLES,
    )


def main() -> None:
    """Generate in place, or where --into says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=GENERATED)
    sys.exit(generate(parser.parse_args().into))


if __name__ == "__main__":
    main()
