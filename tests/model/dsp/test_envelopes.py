"""Shapes over time take as long as they say and have no corners that click."""

import numpy as np
import pytest

from swash_model.dsp.envelopes import Glide, Glides, decay, fade_out, rise, seconds
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE

TONE = np.sin(np.arange(2 * 4_800) / 10.0).reshape(2, 4_800)


def test_a_second_has_the_sample_rates_frames() -> None:
    assert seconds(SAMPLE_RATE + 1)[-1] == 1.0
    assert seconds(3)[0] == 0.0


@pytest.mark.parametrize("time_s", [0.001, 0.05, 2.0])
def test_a_decay_has_fallen_to_one_part_in_e_after_its_time(time_s: float) -> None:
    shape = decay(round(time_s * SAMPLE_RATE) + 1, time_s)
    assert shape[0] == 1.0
    assert shape[-1] == pytest.approx(np.exp(-1.0))
    np.testing.assert_allclose(rise(len(shape), time_s), 1.0 - shape)


def test_a_fade_ends_in_silence_and_begins_where_it_is_told() -> None:
    faded = fade_out(TONE, 0.02)
    np.testing.assert_array_equal(faded[:, : 4_800 - 960], TONE[:, : 4_800 - 960])
    np.testing.assert_allclose(faded[:, -1], 0.0, atol=1e-12)
    gain = fade_out(np.ones((2, 4_800)), 0.02)
    assert (np.diff(gain) <= 0.0).all()
    assert np.abs(np.diff(gain, n=2)).max() < 1e-4  # no corner, neither where it begins nor where it ends
    assert gain[0, 4_800 - 480] == pytest.approx(0.5, abs=0.01)


def test_a_fade_leaves_what_it_is_given() -> None:
    before = TONE.copy()
    fade_out(TONE, 0.02)
    np.testing.assert_array_equal(TONE, before)


def test_a_fade_longer_than_the_sound_is_as_long_as_the_sound() -> None:
    faded = fade_out(np.ones((2, 480)), 5.0)
    assert faded[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert faded[0, -1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("duration_s", [0.0, 1e-6])
def test_a_fade_of_no_time_changes_nothing(duration_s: float) -> None:
    np.testing.assert_array_equal(fade_out(TONE, duration_s), TONE)


def test_a_glide_begins_at_its_first_value() -> None:
    assert (Glide().take(0.7, QUANTUM_FRAMES) == 0.7).all()


def test_a_glide_goes_in_a_straight_line_and_arrives_with_the_quantum() -> None:
    glide = Glide()
    line = np.concatenate([glide.take(value, QUANTUM_FRAMES) for value in (0.0, 1.0, 1.0, -0.5)])
    assert line[QUANTUM_FRAMES - 1] == 0.0
    assert line[2 * QUANTUM_FRAMES - 1] == 1.0
    assert (line[2 * QUANTUM_FRAMES : 3 * QUANTUM_FRAMES] == 1.0).all()
    assert line[-1] == -0.5
    slopes = np.diff(line)[QUANTUM_FRAMES - 1 :].reshape(3, QUANTUM_FRAMES)
    for slope, way in zip(slopes, (1.0, 0.0, -1.5), strict=True):
        np.testing.assert_allclose(slope, way / QUANTUM_FRAMES, atol=1e-12)


def test_several_glides_are_each_a_glide() -> None:
    rng = np.random.default_rng(1)
    together, alone = Glides(), [[Glide() for _ in range(3)] for _ in range(2)]
    for _ in range(4):
        values = rng.uniform(-1.0, 1.0, (2, 3))
        expected = [
            [alone[row][column].take(float(values[row, column]), 100) for column in range(3)] for row in range(2)
        ]
        np.testing.assert_allclose(together.take(values, 100), expected, rtol=0, atol=1e-12)
