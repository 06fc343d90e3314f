"""Every script of Godot is formatted, and one that gdlint has nothing to say of."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import tools

GODOT = tools.ROOT / "clients/godot"  # its gdlintrc and gdformatrc hold for all
TESTS = tools.ROOT / "tests/clients/godot"
SCRIPTS = [str(path) for folder in (GODOT, TESTS) for path in sorted(folder.rglob("*.gd"))]


@pytest.mark.parametrize("command", [["gdparse"], ["gdformat", "--check"], ["gdlint"]], ids=" ".join)
def test_every_script_passes(command: list[str]) -> None:
    program = Path(sys.executable).parent / command[0]
    assert SCRIPTS
    checked = subprocess.run(
        [program, *command[1:], *SCRIPTS], cwd=GODOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
