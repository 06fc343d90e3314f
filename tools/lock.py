"""Writes requirements/lock.txt: the exact version of every package that this environment has for swash.

    .venv/bin/python -m tools.lock

Only what swash needs, with all its extras, is written: what else happens to be installed is not. Versions are
without their local part ("+cpu"), for an index may have its own builds, and without hashes, as it may have its own
wheels. Packages that only another platform needs are not among them.
"""

import re
import sys
import tomllib
from collections import deque
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parent.parent / "requirements" / "lock.txt"
EXTRAS = ("neural", "otel", "shared", "dev")
HEAD = """\
# Every package of swash and its extras, and what they need in turn, as they were tested together: tools/lock.py.
# For pip's --constraint: it pins what is installed, and installs nothing by itself.
"""


def locked() -> dict[str, str]:
    """Return each package that swash needs here, and its version; raise PackageNotFoundError for a missing one."""
    found: dict[str, str] = {}
    seen = {("swash", extra) for extra in ("", *EXTRAS)}
    left = deque(seen)
    while left:
        name, extra = left.popleft()
        for line in _of_swash(extra) if name == "swash" else requires(name) or ():
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            called = canonicalize_name(needed.name)
            distribution(called)  # raises
            if called != "swash":
                found[called] = version(called).partition("+")[0]
            for more in ("", *needed.extras):
                if (called, more) not in seen:
                    seen.add((called, more))
                    left.append((called, more))
    return dict(sorted(found.items()))


def _of_swash(extra: str) -> list[str]:
    """Return what pyproject.toml says now: what is installed knows it as it was then."""
    project = tomllib.loads((LOCK.parent.parent / "pyproject.toml").read_text())["project"]
    lines: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return lines


def pins(path: Path = LOCK) -> dict[str, str]:
    """Return the packages of the lock and their versions."""
    lines = path.read_text().splitlines()
    return dict(re.fullmatch(r"(\S+)==(\S+)", line).groups() for line in lines if line[:1] not in {"#", ""})  # type: ignore[union-attr,misc]


def main() -> None:
    """Write the lock."""
    try:
        packages = locked()
    except PackageNotFoundError as error:
        sys.exit(f"{error}: install all extras first, make test does")
    LOCK.parent.mkdir(exist_ok=True)
    LOCK.write_text(HEAD + "".join(f"{name}=={number}\n" for name, number in packages.items()))


if __name__ == "__main__":
    main()
