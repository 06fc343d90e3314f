"""A place answers as it is built: how long, how dark, how wide, and always the same."""

import numpy as np
import pytest

from swash_model.dsp.room import PLACES, Room
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples

WALLED = ["room", "hall", "cave"]


def answer(name: str, seconds: float = 4.0, block: int = QUANTUM_FRAMES) -> Samples:
    """Return what comes back of one click, shape (2, frames), without the click."""
    room = Room(PLACES[name])
    click = np.zeros((2, round(seconds * SAMPLE_RATE)))
    click[:, 0] = 1.0
    cuts = range(block, click.shape[1], block)
    heard = np.concatenate([room.process(part) for part in np.split(click, cuts, axis=1)], axis=1)
    return np.asarray(heard - click)


def t60_s(samples: Samples) -> float:
    """Return the reverberation time by Schroeder's backward integration, from 5 to 25 dB down."""
    left = np.cumsum(np.square(samples)[::-1])[::-1]
    level_db = 10.0 * np.log10(left / left[0] + 1e-15)
    return float(3 * (np.argmax(level_db < -25.0) - np.argmax(level_db < -5.0)) / SAMPLE_RATE)


def low(samples: Samples) -> Samples:
    return np.asarray(np.convolve(samples, np.ones(64) / 64.0, "same"))


def test_a_hall_rings_longer_than_a_room_and_a_cave_longest() -> None:
    room, hall, cave = (t60_s(low(answer(name)[0])) for name in WALLED)
    assert room < 0.6 < hall < cave
    assert cave == pytest.approx(PLACES["cave"].t60_s, rel=0.35)


@pytest.mark.parametrize("name", WALLED)
def test_treble_dies_before_the_bass(name: str) -> None:
    heard = answer(name)[0]
    late = round(0.4 * PLACES[name].t60_s * SAMPLE_RATE)

    def treble(part: Samples) -> float:
        power = np.square(np.abs(np.fft.rfft(part)))
        return float(power[len(power) // 4 :].sum() / power.sum())

    assert treble(heard[late : 2 * late]) < 0.5 * treble(heard[:late])


@pytest.mark.parametrize("name", PLACES)
def test_it_is_over_when_it_says(name: str) -> None:
    heard = answer(name)
    over = heard[:, round(PLACES[name].t60_s * SAMPLE_RATE) :]
    assert np.square(over).sum() < 1e-5 * np.square(heard).sum() + 1e-12


@pytest.mark.parametrize("name", WALLED)
def test_the_two_ears_hear_two_things_and_together_lose_little(name: str) -> None:
    left, right = answer(name)
    assert 0.0 < np.corrcoef(left, right)[0, 1] < 0.7
    assert np.square(0.5 * (left + right)).sum() > 0.45 * np.square(np.stack([left, right])).mean(axis=0).sum()


@pytest.mark.parametrize("name", PLACES)
def test_blocks_of_any_size_give_the_same(name: str) -> None:
    np.testing.assert_array_equal(answer(name, 1.0), answer(name, 1.0, block=1023))


def test_under_water_the_treble_is_gone() -> None:
    noise = np.random.default_rng(1).standard_normal((2, SAMPLE_RATE))
    power = np.square(np.abs(np.fft.rfft(Room(PLACES["underwater"]).process(noise)[0])))
    assert 10.0 * np.log10(power[4000:8000].mean() / power[100:400].mean()) < -28.0


def test_without_width_both_ears_hear_the_same() -> None:
    click = np.zeros((2, SAMPLE_RATE))
    click[:, 0] = 1.0
    left, right = Room(PLACES["hall"]).process(click, width=0.0)
    np.testing.assert_allclose(left, right, atol=1e-12)
