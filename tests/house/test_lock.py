"""The versions that are installed are those that were tested together."""

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tools.lock import LOCK, locked, pins

ROOT = Path(__file__).parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_what_the_project_asks_for_is_locked_at_that_version() -> None:
    asked = [
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    ]
    lock = pins()
    for line in asked:
        found = re.match(r"([A-Za-z0-9._-]+)(\[[^\]]*\])?==([^;\s]+)", line)
        assert found or line.startswith("swash["), f"{line}: pin it exactly"
        if found:
            assert lock[canonicalize_name(found[1])] == found[3], "run `make lock`"


def test_what_is_installed_is_locked_with_all_that_it_needs() -> None:
    lock = pins()
    for name, version in locked().items():
        assert lock.get(name) == version, f"{name} {version}: run `make lock`"


def test_whatever_installs_is_held_to_the_lock() -> None:
    constraint = f"--constraint {LOCK.relative_to(ROOT)}"
    assert (ROOT / "Makefile").read_text().count(f"{constraint} --editable") == 2
    assert constraint in (ROOT / "deploy" / "Dockerfile").read_text()
