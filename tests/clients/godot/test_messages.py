"""Generated GDScript as a game uses it, and the names that Godot has taken."""

from pathlib import Path

import pytest

from tests.clients.godot import harness
from tools.generate_proto import swash
from tools.protoc_gen_swash.gdscript import TAKEN_BY_FIELDS

MESSAGES = harness.HERE / "messages"
FUNCTIONS = (
    "abs char clamp ease error_string fmod hash len lerp load max min pow print range round seed sign sin str"
)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> harness.Verdicts:
    odd = _odd(tmp_path_factory.mktemp("odd"))
    return harness.run_tests(MESSAGES, files={"addons/swash/generated/odd.gd": odd})


@pytest.mark.xdist_group("godot_messages")
@pytest.mark.parametrize("name", harness.tests_in(MESSAGES))
def test_in_the_engine(verdicts: harness.Verdicts, name: str) -> None:
    verdicts.check(name)


def _odd(folder: Path) -> bytes:
    """Return a script of names that Godot has already."""
    names = sorted({*TAKEN_BY_FIELDS, *FUNCTIONS.split()})
    fields = "\n".join(f"  string {name} = {number};" for number, name in enumerate(names, start=2))
    (folder / "odd.proto").write_text(
        f"""syntax = "proto3";
        package odd;
        enum Curve {{ CURVE_FLAT = 0; CURVE_STEEP = 1; }}
        message Node {{
          Curve curve = 1;
        {fields}
        }}
        message Color {{ oneof one {{ Node node = 1; string none = 2; }} }}
        """
    )
    assert swash("gdscript", folder, "odd.proto", path=folder) == 0
    return (folder / "odd.gd").read_bytes()
