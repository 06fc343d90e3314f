"""Writes the .uid file that Godot 4.4 and newer want beside every script, or says what is wrong with them.

    .venv/bin/python tools/godot_uid.py [--check]

A UID follows from the path alone, so that whoever adds a script gives it the UID that everybody else would.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "clients" / "godot"
SALT = "swash"  # the UIDs of two projects with scripts of the same names must differ
# ResourceUID::id_to_text of Godot: 34 digits, neither z nor 9.
DIGITS = "abcdefghijklmnopqrstuvwxy012345678"
BITS = 63  # a UID is a positive signed number


def uid_of(path: Path, project: Path = PROJECT) -> str:
    """Return the UID of a script or scene of the project: "uid://..."."""
    place = path.relative_to(project).as_posix()
    left = int.from_bytes(hashlib.sha256(f"{SALT}:{place}".encode()).digest()[:8]) >> (64 - BITS)
    text = ""
    while left or not text:
        left, digit = divmod(left, len(DIGITS))
        text = DIGITS[digit] + text
    return f"uid://{text}"


def wanted(project: Path = PROJECT) -> dict[Path, str]:
    """Return the .uid file of every script of a project, and what belongs in it."""
    scripts = sorted(path for path in project.rglob("*.gd") if ".godot" not in path.parts)
    return {path.with_name(f"{path.name}.uid"): f"{uid_of(path, project)}\n" for path in scripts}


def problems(project: Path = PROJECT) -> list[str]:
    """Say what is wrong with the .uid files of a project, one line each."""
    files = wanted(project)
    found = [
        f"{path.relative_to(project)}: {text.strip()} belongs there: run tools/godot_uid.py"
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    orphans = (path for path in sorted(project.rglob("*.uid")) if path not in files)
    return [*found, *(f"{path.relative_to(project)}: no script is beside it" for path in orphans)]


def mend(project: Path = PROJECT) -> None:
    """Write what is missing and wrong, and delete what belongs to no script."""
    files = wanted(project)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    for path in project.rglob("*.uid"):
        if path not in files:
            path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Mend the project's .uid files, or only look at them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if something is wrong")
    if not parser.parse_args(arguments).check:
        mend()
    found = problems()
    print("\n".join(found) or "every script has its .uid")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
