"""A sound that has changed has a new version: otherwise stores would serve the old one for it."""

import json

import pytest

from tools.fingerprint import FINGERPRINTS, fingerprint_of, names

KEPT = json.loads(FINGERPRINTS.read_text())


@pytest.mark.parametrize("name", sorted(names()))
def test_a_changed_sound_has_a_new_version(name: str) -> None:
    path, duration_s = names()[name]
    now, kept = fingerprint_of(path, duration_s), KEPT[name]
    assert now["version"] == kept["version"], "run tools/fingerprint.py and check its difference in"
    advice = "the sound has changed: raise the effect's version, then run tools/fingerprint.py"
    # 0.3 dB: libm differs in the last bits between machines, an octave's level then in its last digit.
    assert now["octaves_db"] == pytest.approx(kept["octaves_db"], abs=0.3), advice
    assert now["frames"] == pytest.approx(kept["frames"], abs=48), advice


def test_no_fingerprint_is_left_over() -> None:
    assert KEPT.keys() == names().keys(), "run tools/fingerprint.py"
