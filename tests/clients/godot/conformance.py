"""The conformance script over the Godot addon; conformance/main.gd makes the calls."""

from pathlib import Path

from tests.clients.godot import harness
from tests.conformance.guarded import Guarded

RUNNER = Path(__file__).parent / "conformance"
RUN_S = 90.0


def observe(script: Path, server: Guarded, _kind: str) -> list[str]:
    """Make every call of a script; return the lines that were said."""
    result = harness.run(
        {"addons/swash": harness.ADDON, "conformance": RUNNER},
        scene="res://conformance/main.tscn",
        server=server.http,
        files={"script.tsv": script.read_bytes()},
        timeout_s=RUN_S,
    )
    assert result.code == 0, str(result)
    return result.lines
