"""The contract is linted, its generated code is fresh, and every field says its unit."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.generate_proto import CSHARP, GDSCRIPT, PROTOS, ROOT, generate, swash

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
    anew = generated_anew / PROTOS.relative_to(ROOT)
    assert (PROTOS / path).read_text() == (anew / path).read_text(), "run `make proto`"


def test_the_generated_csharp_is_fresh(generated_anew: Path) -> None:
    assert _texts(CSHARP, "*.g.cs") == _texts(generated_anew / CSHARP.relative_to(ROOT), "*.g.cs"), (
        "run `make proto`"
    )


def test_the_generated_gdscript_is_fresh(generated_anew: Path) -> None:
    assert _texts(GDSCRIPT, "*.gd") == _texts(generated_anew / GDSCRIPT.relative_to(ROOT), "*.gd"), (
        "run `make proto`"
    )


def _texts(folder: Path, pattern: str) -> dict[str, str]:
    texts = {path.name: path.read_text() for path in folder.glob(pattern)}
    assert texts
    return texts


@pytest.mark.parametrize(
    "text, complaint",
    [
        ('syntax = "proto2"; message Old { optional int32 a = 1; }', "odd.proto: only proto3 is written"),
        ('edition = "2023"; message New { int32 a = 1; }', "odd.proto: only proto3 is written"),
        (
            'syntax = "proto3"; import "google/protobuf/timestamp.proto";'
            "message Dated { google.protobuf.Timestamp at = 1; }",
            "Dated.at: google.protobuf.Timestamp is not in BORROWED",
        ),
        (
            'syntax = "proto3"; import "google/protobuf/descriptor.proto";'
            "extend google.protobuf.FieldOptions { string unit = 50000; }",
            "odd.proto: extensions are not written",
        ),
    ],
)
def test_what_the_generator_cannot_write_it_names(
    text: str, complaint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.proto").write_text(text)
    assert swash("csharp", tmp_path, "odd.proto", path=tmp_path) != 0
    assert complaint in capfd.readouterr().err


def test_every_number_says_its_range_or_unit() -> None:
    """A double without a unit in its name has a comment that gives its range."""
    lines = (PROTOS / "swash" / "v1" / "sound.proto").read_text().splitlines()
    for number, line in enumerate(lines):
        field = re.match(r"\s+(optional )?double (\w+) =", line)
        if field and not re.search(r"_(s|ms|db|dbtp|lufs|hz|m)$", field[2]):
            comment = lines[number - 1].strip()
            named = {"minimum", "maximum", "default_number"}
            assert comment.startswith("//") or field[2] in named, f"line {number + 1}: {line}"
