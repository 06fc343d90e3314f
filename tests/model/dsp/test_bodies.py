"""A body is more than one plate: parts, twins that beat, and the air inside."""

import numpy as np
import pytest

from swash_model.dsp.bodies import body_of
from swash_model.dsp.modal import MATERIALS, MAX_MODE_HZ, Modes, ring
from swash_model.dsp.timeline import SAMPLE_RATE

TAP = np.ones(1)


def body(
    material: str = "wood", *, size_m: float = 0.5, hollow: float = 0.5, object_seed: int = 1, damping: float = 1.0
) -> Modes:
    return body_of(
        MATERIALS[material],
        size_m=size_m,
        hollow=hollow,
        object_seed=object_seed,
        position=0.3,
        damping=damping,
    )


def lowest_hz(thing: Modes) -> float:
    """Return the lowest mode that sounds."""
    return float(thing.frequency_hz[np.abs(thing.gain) > 0.0].min())


@pytest.mark.parametrize("size_m", [0.02, 0.5, 5.0])
@pytest.mark.parametrize("hollow", [0.0, 1.0])
@pytest.mark.parametrize("material", MATERIALS)
def test_every_body_has_modes_that_can_be_rung(material: str, hollow: float, size_m: float) -> None:
    for object_seed in range(5):
        thing = body(material, size_m=size_m, hollow=hollow, object_seed=object_seed)
        assert len(thing.frequency_hz) == len(thing.decay) == len(thing.gain)
        assert thing.frequency_hz.min() > 5.0
        assert thing.frequency_hz.max() < 1.01 * MAX_MODE_HZ  # a twin may stand a little above
        assert thing.decay.min() > 0.0
        sound = ring(thing, TAP, 4_800)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0.0


@pytest.mark.parametrize("material", MATERIALS)
def test_the_same_object_is_the_same_body_and_another_is_another(material: str) -> None:
    one, again, other = body(material), body(material), body(material, object_seed=2)
    np.testing.assert_array_equal(one.frequency_hz, again.frequency_hz)
    np.testing.assert_array_equal(one.gain, again.gain)
    assert not np.array_equal(one.frequency_hz[:3], other.frequency_hz[:3])


@pytest.mark.parametrize("material", MATERIALS)
def test_a_larger_body_is_lower(material: str) -> None:
    pitches = [lowest_hz(body(material, size_m=size_m)) for size_m in (0.1, 0.5, 2.0)]
    assert pitches == sorted(pitches, reverse=True)


@pytest.mark.parametrize("material", MATERIALS)
def test_air_inside_sounds_below_the_walls_and_a_solid_has_none(material: str) -> None:
    solid, box = body(material, hollow=0.0), body(material, hollow=1.0)
    assert lowest_hz(box) < 0.7 * lowest_hz(solid)
    air = np.argmin(box.frequency_hz)
    # Broad: it loses far more of its energy a cycle than the walls of anything but rubber.
    assert box.decay[air] / box.frequency_hz[air] >= np.pi * 0.05


@pytest.mark.parametrize("material", ["metal", "glass", "wood"])
def test_the_lowest_modes_come_in_pairs_that_beat(material: str) -> None:
    for object_seed in range(5):
        thing = body(material, hollow=0.0, object_seed=object_seed)
        pitches = np.sort(thing.frequency_hz[np.abs(thing.gain) > 0.0])[:6]
        apart_hz = np.diff(pitches)[::2]
        assert (apart_hz < 0.0075 * pitches[1::2]).all()
        assert apart_hz.min() > 0.0


def test_a_hand_on_it_shortens_all_of_it() -> None:
    free, held = body(), body(damping=4.0)
    np.testing.assert_allclose(held.decay, 4.0 * free.decay)
    np.testing.assert_array_equal(held.frequency_hz, free.frequency_hz)


@pytest.mark.parametrize("material", ["metal", "wood", "glass"])
def test_a_box_is_about_as_loud_as_a_block(material: str) -> None:
    levels = [
        np.mean(
            [
                np.square(ring(body(material, hollow=hollow, object_seed=n), TAP, SAMPLE_RATE)).sum()
                for n in range(8)
            ]
        )
        for hollow in (0.0, 1.0)
    ]
    assert abs(10.0 * np.log10(levels[1] / levels[0])) < 6.0


def test_modes_do_not_all_push_at_once() -> None:
    """A hit on a body does not begin as one spike: the sum of its modes is far below the sum of their levels."""
    for object_seed in range(5):
        thing = body("metal", hollow=0.0, object_seed=object_seed)
        first = np.abs(ring(thing, TAP, 240)).max()
        assert first < 0.7 * np.abs(thing.gain).sum()
        assert 0.2 < np.mean(thing.gain > 0.0) < 0.8
