"""What a listener expects of every effect, whatever it is (the numbers of a sound, not its beauty)."""

import numpy as np
import pytest

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.controls import Controls
from swash_model.procedural.effect import Effect, Endless, Number
from swash_model.procedural.placement import Placement
from swash_model.spec import Value
from tests.hearing import correlation, level_db, lufs, mono, onset_s, pcm16, sound_of

ONE_SHOTS = [effect.id for effect in EFFECTS.values() if effect.one_shot]
ENDLESS = [effect.id for effect in EFFECTS.values() if effect.endless]
PRESETS = [f"{effect.id}/{preset.name}" for effect in EFFECTS.values() for preset in effect.presets]
SETTINGS = [(effect.id, parameter.name) for effect in EFFECTS.values() for parameter in effect.every_parameter]
LIVE = [
    (effect.id, parameter.name)
    for effect in EFFECTS.values()
    if effect.endless
    for parameter in effect.every_parameter
    if isinstance(parameter, Number) and parameter.live
]
SWELLS = {"birds", "magic_spell", "whoosh"}  # they rise by nature; their onset may take 30 ms
PERFORMED = 12  # seconds that show what a bed is like


def turns(effect: Effect, values: dict[str, Value], seconds: float, loop_frames: int | None = None) -> Samples:
    """Return a voice's samples, shape (2, frames), without the fades of a whole sound."""
    assert effect.endless
    return performed(effect.endless, Controls(effect, values), seconds, loop_frames)


def performed(endless: Endless, controls: Controls, seconds: float, loop_frames: int | None = None) -> Samples:
    timeline = Timeline(seed=1, object_seed=1, loop_frames=loop_frames)
    voice = endless.voice(timeline, controls.step())
    placement = Placement(endless.gain_db)
    blocks = []
    for start in range(0, round(seconds * SAMPLE_RATE), QUANTUM_FRAMES):
        values = controls.step()
        blocks.append(placement.process(voice.block(timeline.position(start), values), values))
    return np.concatenate(blocks, axis=1)


def length_of(effect_id: str, seconds: float) -> float | None:
    """Return a duration for endless sounds and none for those with an end of their own."""
    return None if effect_id in ONE_SHOTS else seconds


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_the_same_seed_gives_the_same_sound(effect_id: str) -> None:
    first = sound_of(effect_id, seed=7, duration_s=length_of(effect_id, 2.0))
    again = sound_of(effect_id, seed=7, duration_s=length_of(effect_id, 2.0))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_another_seed_gives_another_sound(effect_id: str) -> None:
    first = mono(sound_of(effect_id, seed=7, duration_s=length_of(effect_id, 4.0)))
    other = mono(sound_of(effect_id, seed=8, duration_s=length_of(effect_id, 4.0)))
    if effect_id in {"engine", "impact", "machine_hum", "ui_click", "ui_notify"}:
        # An interface has one voice, a crate rings alike wherever it is hit, and an engine turns at its own
        # rate: never twice the same, but no more than recognisably so.
        frames = min(len(first), len(other))
        assert not np.array_equal(first[:frames], other[:frames])
        return
    assert correlation(first, other) < (0.5 if effect_id in ONE_SHOTS else 0.05)


@pytest.mark.parametrize("effect_id", ENDLESS)
def test_a_longer_sound_begins_like_a_shorter_one(effect_id: str) -> None:
    short = sound_of(effect_id, duration_s=1.0)
    long = sound_of(effect_id, duration_s=2.0)
    before_the_fade = int(0.9 * SAMPLE_RATE)
    np.testing.assert_array_equal(short[:before_the_fade], long[:before_the_fade])


@pytest.mark.parametrize("effect_id", ENDLESS)
def test_a_loop_repeats_to_the_sample(effect_id: str) -> None:
    effect = EFFECTS[effect_id]
    assert effect.endless
    # 6.01 s: a length that no clock inside divides by luck
    frames = round(max(6.01, effect.endless.min_loop_s) * 100) * QUANTUM_FRAMES
    sound = turns(effect, effect.resolved(), 3 * frames / SAMPLE_RATE, loop_frames=frames)
    second, third = pcm16(sound[:, frames : 2 * frames]), pcm16(sound[:, 2 * frames :])
    np.testing.assert_array_equal(second, third)


@pytest.mark.parametrize("effect_id", ENDLESS)
def test_the_seam_of_a_loop_is_no_larger_than_the_steps_inside(effect_id: str) -> None:
    effect = EFFECTS[effect_id]
    assert effect.endless
    loop = sound_of(effect_id, duration_s=max(4.0, effect.endless.min_loop_s), loop=True)
    steps = np.abs(np.diff(loop, axis=0))
    assert (np.abs(loop[0] - loop[-1]) <= np.percentile(steps, 99.9, axis=0) + 1e-4).all()


@pytest.mark.parametrize(("effect_id", "name"), SETTINGS)
def test_extremes_stay_finite_centred_and_in_range(effect_id: str, name: str) -> None:
    effect = EFFECTS[effect_id]
    parameter = effect.parameter(name)
    values: list[Value] = []
    if isinstance(parameter, Number):
        values += [parameter.minimum, parameter.maximum] * 3  # with three seeds each
    else:
        values += parameter.choices
    for seed, value in enumerate(values):
        sound = sound_of(effect_id, {name: value}, seed=seed, duration_s=length_of(effect_id, 0.5))
        assert np.isfinite(sound).all(), (name, value)
        assert abs(float(sound.mean())) < 1e-3, (name, value)  # no DC above -60 dBFS
        # The limiter takes the last decibels, but an effect that leans on it is badly calibrated.
        limit = 4.0 if name == "gain_db" else 1.6
        assert np.abs(sound).max() < limit, (name, value)


@pytest.mark.parametrize("path", PRESETS)
def test_every_preset_sounds(path: str) -> None:
    sound = sound_of(path, duration_s=length_of(path.partition("/")[0], 3.0))
    assert np.isfinite(sound).all()
    assert level_db(sound) > -60.0


@pytest.mark.parametrize("effect_id", ONE_SHOTS)
def test_a_one_shot_begins_at_once(effect_id: str) -> None:
    for seed in range(5):
        sound = sound_of(effect_id, seed=seed)
        assert onset_s(sound) <= (0.03 if effect_id in SWELLS else 0.002)


@pytest.mark.parametrize("effect_id", ONE_SHOTS)
def test_a_one_shot_ends_in_silence(effect_id: str) -> None:
    sound = sound_of(effect_id)
    assert np.abs(sound[-4:]).max() < 1e-4


@pytest.mark.parametrize(("effect_id", "name"), LIVE)
def test_a_control_moved_while_it_plays_does_not_click(effect_id: str, name: str) -> None:
    effect = EFFECTS[effect_id]
    parameter = effect.parameter(name)
    assert effect.endless
    assert isinstance(parameter, Number)
    controls = Controls(effect, effect.resolved({parameter.name: parameter.minimum}))
    timeline = Timeline(seed=3, object_seed=3)
    voice, placement = effect.endless.voice(timeline, controls.step()), Placement(effect.endless.gain_db)
    blocks = []
    for quantum in range(400):
        if quantum == 200:
            controls.set(name, parameter.maximum)
        values = controls.step()
        blocks.append(placement.process(voice.block(quantum * QUANTUM_FRAMES, values), values))
    sound = np.concatenate(blocks, axis=1)
    steps = np.abs(np.diff(sound, axis=1)).max(axis=0)
    change, moved = 200 * QUANTUM_FRAMES, 6 * QUANTUM_FRAMES
    steady = max(np.percentile(steps[QUANTUM_FRAMES:change], 99.9), np.percentile(steps[change + moved :], 99.9))
    loudest = max(steps[QUANTUM_FRAMES:change].max(), steps[change + moved :].max())
    assert steps[change - 1 : change + moved].max() <= max(2.0 * steady, 1.05 * loudest)


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_mono_loses_less_than_three_decibels(effect_id: str) -> None:
    sound = sound_of(effect_id, duration_s=length_of(effect_id, 4.0))
    assert level_db(sound) - level_db(mono(sound)) < 3.1


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_every_effect_stands_at_its_reference_loudness(effect_id: str) -> None:
    from tools.calibrate import one_shot_loudness, reference_lufs

    effect = EFFECTS[effect_id]
    if effect.one_shot:
        assert one_shot_loudness(effect) == pytest.approx(reference_lufs(effect, endless=False), abs=1.5)
    if effect.endless:
        bed = sound_of(effect_id, duration_s=PERFORMED)
        assert lufs(bed) == pytest.approx(reference_lufs(effect, endless=True), abs=2.0)


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_an_effect_says_what_it_is(effect_id: str) -> None:
    effect = EFFECTS[effect_id]
    assert 4 <= len(effect.presets) <= 16
    for parameter in effect.parameters:
        assert parameter.description.endswith(".")
    for preset in effect.presets:
        effect.resolved(preset.parameters)
        assert preset.ucs_cat_id.isalnum()
