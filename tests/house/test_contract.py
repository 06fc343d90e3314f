"""The contract is linted, its generated code is fresh, and every field says its unit."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.generate_proto import PROTOS, generate

GENERATED = sorted(path.relative_to(PROTOS) for path in PROTOS.rglob("*_pb2*"))


def test_the_contract_passes_buf_lint() -> None:
    buf = Path(sys.executable).parent / "buf"
    subprocess.run([buf, "lint"], cwd=PROTOS, check=True, timeout=60)


@pytest.fixture(scope="module")
def generated_anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("protos")
    assert generate(into) == 0
    return into


@pytest.mark.parametrize("path", [path for path in GENERATED if path.suffix in {".py", ".pyi"}], ids=str)
def test_generated_code_is_fresh(path: Path, generated_anew: Path) -> None:
    assert (PROTOS / path).read_text() == (generated_anew / path).read_text(), "run `make proto`"


def test_every_number_says_its_range_or_unit() -> None:
    """A double without a unit in its name has a comment that gives its range."""
    lines = (PROTOS / "swash" / "v1" / "sound.proto").read_text().splitlines()
    for number, line in enumerate(lines):
        field = re.match(r"\s+(optional )?double (\w+) =", line)
        if field and not re.search(r"_(s|ms|db|dbtp|lufs|hz|m)$", field[2]):
            comment = lines[number - 1].strip()
            named = {"minimum", "maximum", "default_number"}
            assert comment.startswith("//") or field[2] in named, f"line {number + 1}: {line}"
