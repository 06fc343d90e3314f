"""A test that fails in the engine fails here, and says why."""

import pytest

from tests.clients.godot import harness

BAD = harness.HERE / "bad_tests"
TORN = "ended before"


@pytest.fixture(scope="module")
def verdicts() -> harness.Verdicts:
    return harness.run_tests(BAD, server="http://somewhere", args=["--flag"])


@pytest.mark.xdist_group("godot_harness")
@pytest.mark.parametrize("name, why", [
    ("that_passes", None),
    ("that_finds_something_wrong", "a sum: wanted 3, got 2"),
    ("that_checks_nothing", "checked nothing"),
    ("that_makes_the_engine_complain", "this is wrong"),
    ("that_expects_the_complaint", None),
    ("that_waits_for_what_never_comes", "did not end within 0.2 s"),
    ("that_wants_too_much", "never so: a wonder"),
    ("that_tears_the_engine_down", TORN),
    ("that_comes_after_it", TORN),
])  # fmt: skip
def test_what_happens_in_the_engine_is_told(verdicts: harness.Verdicts, name: str, why: str | None) -> None:
    if why is None:
        verdicts.check(f"test_bad.test_{name}")
    else:
        with pytest.raises(pytest.fail.Exception, match=why):
            verdicts.check(f"test_bad.test_{name}")


def test_every_test_of_a_folder_is_named() -> None:
    assert "test_bad.test_that_passes" in harness.tests_in(BAD)
    assert len(harness.tests_in(BAD)) == 9
