"""What tells one ground, one shoe and one walker from another."""

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Timeline
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects._step_surfaces import SHOES, SURFACES
from swash_model.procedural.effects.footsteps import FOOTSTEPS, Gait
from swash_model.spec import Block, Value
from tests.hearing import (
    band_level_db,
    centroid_hz,
    correlation,
    level_db,
    mono,
    octave_levels_db,
    onset_s,
    pcm16,
    sound_of,
)

SEEDS = range(1, 6)
FLOOR_DB = -30.0  # against the whole of a step: quieter bands do not tell grounds apart


def steps(**parameters: Value) -> Block:
    """Return several steps of several walkers one after another, shape (frames, 2)."""
    return np.concatenate([sound_of("footsteps", parameters, seed=seed, object_seed=seed) for seed in SEEDS])


def loudness(**parameters: Value) -> float:
    """Return the mean loudness of single steps, LUFS."""
    each = [sound_of("footsteps", parameters, seed=seed, object_seed=seed) for seed in SEEDS]
    return float(np.mean([momentary_lufs(step, SAMPLE_RATE) for step in each]))


def octaves(**parameters: Value) -> npt.NDArray[np.float64]:
    """Return the level of each octave from 63 Hz to 16 kHz against the whole, dB, not below FLOOR_DB."""
    return np.maximum(list(octave_levels_db(steps(**parameters)).values())[1:], FLOOR_DB)


def envelope(block: Block, window_s: float = 0.02) -> npt.NDArray[np.float64]:
    """Return the smoothed power, one value a millisecond."""
    power = np.square(block, dtype=np.float64).mean(axis=1)
    frames = round(window_s * SAMPLE_RATE)
    smooth = np.convolve(power, np.hanning(frames), mode="same")
    return np.asarray(smooth[:: SAMPLE_RATE // 1000])


def lobes(block: Block) -> int:
    """Return how many times a sound swells: peaks within 12 dB of the loudest with a dip of 6 dB between."""
    peaks, low, high = 0, 0.0, 0.0
    level = envelope(block, 0.04)
    threshold = level.max() * 10**-1.2
    rising = True
    for value in level:
        if rising:
            high = max(high, value)
            if high > threshold and value < high / 4.0:
                peaks, rising, low = peaks + 1, False, value
        else:
            low = min(low, value)
            if value > 4.0 * low and value > threshold:
                rising, high = True, value
    return peaks


def crunch(block: Block) -> float:
    """Return the median kurtosis of 20 ms pieces: 3 is steady noise, more is single stones and twigs."""
    samples = mono(block)
    pieces = samples[: len(samples) // 960 * 960].reshape(-1, 960)
    pieces = pieces[np.abs(pieces).max(axis=1) > 0.05 * np.abs(samples).max()]
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    return float(np.median((pieces**4).mean(axis=1) / (pieces**2).mean(axis=1) ** 2))


def onsets_s(block: Block) -> npt.NDArray[np.float64]:
    """Return when each step of a walk begins."""
    quanta = (
        np.square(block[: len(block) // 480 * 480], dtype=np.float64).mean(axis=1).reshape(-1, 480).mean(axis=1)
    )
    times: list[float] = []
    for quantum in range(1, len(quanta)):
        fresh = quanta[quantum] > 0.02 * quanta.max() and quanta[quantum] > 8.0 * quanta[quantum - 1]
        if fresh and (not times or quantum * 0.01 - times[-1] > 0.25):
            times.append(quantum * 0.01)
    return np.array(times)


def walk(duration_s: float, *, loop: bool = False, seed: int = 1, **parameters: Value) -> Block:
    return sound_of("footsteps", parameters, seed=seed, duration_s=duration_s, loop=loop)


# ---- grounds


def test_every_two_surfaces_are_told_apart_by_some_octave() -> None:
    heard = {surface: octaves(surface=surface) for surface in SURFACES}
    for one, other in combinations(SURFACES, 2):
        assert np.abs(heard[one] - heard[other]).max() > 4.0, (one, other)


@pytest.mark.parametrize(
    ("surface", "low_hz", "high_hz", "share_db"),
    [
        ("gravel", 3_500.0, 12_000.0, -2.0),
        ("grass", 3_500.0, 12_000.0, -2.0),
        ("sand", 1_000.0, 8_000.0, -1.5),
        ("leaves", 1_000.0, 8_000.0, -1.5),
        ("snow", 500.0, 5_000.0, -1.5),
        ("wood", 80.0, 700.0, -1.5),
        ("metal", 300.0, 1_400.0, -1.5),
        ("mud", 150.0, 2_000.0, -1.5),
    ],
)
def test_each_surface_sounds_in_its_own_band(surface: str, low_hz: float, high_hz: float, share_db: float) -> None:
    assert band_level_db(steps(surface=surface), low_hz, high_hz) > share_db


@pytest.mark.parametrize("surface", ["gravel", "grass"])
def test_stones_and_blades_are_loudest_at_the_top(surface: str) -> None:
    levels = octave_levels_db(steps(surface=surface))
    assert max(levels, key=lambda centre_hz: levels[centre_hz]) == 8000.0


def test_wood_has_a_tick_above_its_boom() -> None:
    assert -30.0 < band_level_db(steps(surface="wood"), 2_000.0, 8_000.0) < -8.0


def test_gravel_and_leaves_crunch_where_sand_hisses() -> None:
    smooth = crunch(steps(surface="sand"))
    assert crunch(steps(surface="gravel")) > 1.2 * smooth
    assert crunch(steps(surface="leaves")) > 1.3 * smooth


def test_metal_rings_on_longer_than_concrete() -> None:
    def ringing_db(surface: str) -> float:
        step = sound_of("footsteps", {"surface": surface, "speed": 1.0})[int(0.15 * SAMPLE_RATE) :]
        return level_db(step) + band_level_db(step, 300.0, 3_000.0)

    assert ringing_db("metal") > ringing_db("concrete") + 10.0


def test_mud_lets_go_of_the_sole_after_the_step() -> None:
    lift, end = round(0.36 * SAMPLE_RATE), round(0.55 * SAMPLE_RATE)
    mud, dirt = (sound_of("footsteps", {"surface": surface}) for surface in ("mud", "dirt"))
    assert level_db(mud[lift:end]) - level_db(mud) > level_db(dirt[lift:end]) - level_db(dirt) + 6.0


def whole_octaves(**parameters: Value) -> npt.NDArray[np.float64]:
    """Return the level of each octave from 63 Hz to 8 kHz against the whole, dB: of whole steps, ticks and all."""
    power = np.zeros(16_385)
    for seed in SEEDS:
        power += np.square(np.abs(np.fft.rfft(mono(sound_of("footsteps", parameters, seed=seed)), 32_768)))
    frequency = np.fft.rfftfreq(32_768, 1.0 / SAMPLE_RATE)
    edges = 63.0 * 2.0 ** (np.arange(9) - 0.5)
    shares = [power[(frequency >= low) & (frequency < high)].sum() / power.sum() for low, high in pairwise(edges)]
    return np.asarray(10.0 * np.log10(shares))


def test_bare_feet_tell_stone_wood_and_metal_apart() -> None:
    heard = {
        floor: whole_octaves(surface=floor, shoe="barefoot") for floor in ("concrete", "wood", "metal", "tile")
    }
    for one, other in combinations(heard, 2):
        apart_db = np.abs(heard[one] - heard[other])
        assert apart_db.max() > (3.0 if {one, other} == {"concrete", "tile"} else 5.0), (one, other)


def test_running_on_concrete_slaps_and_does_not_boom() -> None:
    octaves = whole_octaves(surface="concrete", shoe="soft", speed=1.0)
    assert octaves[0] < -9.0
    assert octaves.argmax() >= 3


def test_a_loose_plate_clanks_on_its_frame() -> None:
    for seed in SEEDS:
        step = sound_of("footsteps/metal_catwalk", seed=seed)
        assert band_level_db(step, 700.0, 3000.0) > -7.5


# ---- one step


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("shoe", SHOES)
def test_every_step_begins_at_once(surface: str, shoe: str) -> None:
    for speed in (0.0, 0.5, 1.0):
        assert onset_s(sound_of("footsteps", {"surface": surface, "shoe": shoe, "speed": speed})) <= 0.002


@pytest.mark.parametrize("surface", ["concrete", "tile", "wood", "gravel", "sand", "snow"])
def test_a_walking_step_has_a_heel_and_a_ball_and_a_running_one_a_single_blow(surface: str) -> None:
    for seed in SEEDS:
        assert lobes(sound_of("footsteps", {"surface": surface, "speed": 0.45}, seed=seed)) in (2, 3)
        assert lobes(sound_of("footsteps", {"surface": surface, "speed": 1.0}, seed=seed)) == 1


@pytest.mark.parametrize("surface", SURFACES)
def test_running_is_louder_than_walking_and_walking_than_sneaking(surface: str) -> None:
    sneaking, walking, running = (loudness(surface=surface, speed=speed) for speed in (0.0, 0.5, 1.0))
    assert sneaking < walking - 3.0
    assert walking < running - 0.5


@pytest.mark.parametrize("surface", SURFACES)
def test_a_sneaking_step_is_spread_out_and_a_running_one_is_not(surface: str) -> None:
    def middle_s(speed: float) -> float:
        levels = [envelope(sound_of("footsteps", {"surface": surface, "speed": speed}, seed=s)) for s in SEEDS]
        sums = [np.cumsum(level) for level in levels]
        return float(np.mean([np.searchsorted(energy, 0.5 * energy[-1]) for energy in sums])) / 1000.0

    assert middle_s(0.0) > middle_s(1.0) + 0.02


@pytest.mark.parametrize("surface", SURFACES)
def test_a_heavier_walker_is_louder_and_lower(surface: str) -> None:
    weights = (0.0, 0.5, 1.0)
    levels = [loudness(surface=surface, weight=weight) for weight in weights]
    centres = [centroid_hz(steps(surface=surface, weight=weight)) for weight in weights]
    assert all(after > before + 1.0 for before, after in pairwise(levels))
    assert centres[0] > 1.04 * centres[2]


@pytest.mark.parametrize("surface", ["concrete", "wood", "metal", "tile"])
def test_wetness_spatters_after_the_step(surface: str) -> None:
    after = round(0.3 * SAMPLE_RATE)
    dry, damp, wet = (
        np.concatenate([sound_of("footsteps", {"surface": surface, "wetness": w}, seed=s)[after:] for s in SEEDS])
        for w in (0.0, 0.5, 1.0)
    )
    high = [level_db(block) + band_level_db(block, 3_000.0, 12_000.0) for block in (dry, damp, wet)]
    assert high[0] + 1.0 < high[1] < high[2] - 2.0


@pytest.mark.parametrize("surface", ["gravel", "sand", "grass", "leaves"])
def test_wet_ground_is_duller(surface: str) -> None:
    assert centroid_hz(steps(surface=surface, wetness=1.0)) < 0.95 * centroid_hz(steps(surface=surface))


@pytest.mark.parametrize("surface", ["gravel", "sand", "snow", "leaves", "grass", "dirt"])
def test_loose_ground_gives_more_sound_than_packed_ground(surface: str) -> None:
    loose, common, packed = (loudness(surface=surface, firmness=firmness) for firmness in (0.0, 0.5, 1.0))
    assert loose > common > packed


@pytest.mark.parametrize("surface", ["concrete", "wood", "tile", "metal"])
def test_a_firm_floor_answers_louder(surface: str) -> None:
    assert loudness(surface=surface, firmness=1.0) > loudness(surface=surface, firmness=0.0) + 0.5


@pytest.mark.parametrize("surface", ["concrete", "tile", "metal"])
def test_heels_click_higher_than_boots_and_boots_are_the_loudest(surface: str) -> None:
    heel, boot = (band_level_db(steps(surface=surface, shoe=shoe), 40.0, 400.0) for shoe in ("heel", "boot"))
    assert heel < boot - 2.0
    assert loudness(surface=surface, shoe="boot") > loudness(surface=surface, shoe="soft") + 2.0


def test_another_pair_of_boots_on_the_same_ground_is_heard() -> None:
    one, other = (sound_of("footsteps", {"surface": "metal"}, object_seed=seed) for seed in (1, 2))
    assert not np.array_equal(pcm16(one[:4800]), pcm16(other[:4800]))


# ---- the gait


@pytest.mark.parametrize(("speed", "rate_hz"), [(0.0, 0.9), (0.5, 1.8), (1.0, 2.8)])
def test_the_pace_follows_the_speed(speed: float, rate_hz: float) -> None:
    times = onsets_s(walk(12.0, surface="tile", speed=speed))
    assert len(times) == pytest.approx(12.0 * rate_hz, abs=1.0)


def test_the_first_step_comes_at_once() -> None:
    assert onset_s(walk(3.0)) < 0.15


def test_an_irregular_walker_is_heard_in_the_time_between_steps() -> None:
    marching, stumbling = (np.diff(onsets_s(walk(16.0, surface="tile", irregularity=i))) for i in (0.0, 1.0))
    assert marching.std() < 0.012
    assert stumbling.std() > 2.0 * marching.std()


def test_no_two_steps_of_a_walk_are_alike() -> None:
    sound = mono(walk(8.0, surface="tile", irregularity=0.0))
    starts = [round(time * SAMPLE_RATE) for time in onsets_s(walk(8.0, surface="tile", irregularity=0.0))]
    each = [sound[start : start + 9600] for start in starts if start + 9600 <= len(sound)]
    levels = [level_db(step) for step in each]
    assert max(correlation(one, other) for one, other in combinations(each, 2)) < 0.95
    assert 0.3 < float(np.std(levels)) < 4.0


def test_left_and_right_feet_take_turns_over_the_seam_of_a_loop() -> None:
    loop = walk(5.3, loop=True, surface="tile", speed=0.6)
    times = onsets_s(np.concatenate([loop, loop]))
    lean = []
    for time in times[:-1]:
        step = np.concatenate([loop, loop])[round(time * SAMPLE_RATE) : round((time + 0.2) * SAMPLE_RATE)]
        lean.append(level_db(step[:, 0]) - level_db(step[:, 1]))
    assert all(before * after < 0.0 for before, after in pairwise(lean))
    assert 0.5 < float(np.mean(np.abs(lean))) < 4.0


@pytest.mark.parametrize("speed", [0.0, 0.37, 1.0])
def test_whole_steps_fill_a_loop(speed: float) -> None:
    loop = walk(4.0, loop=True, surface="tile", speed=speed, irregularity=0.0)
    between = np.diff(onsets_s(np.concatenate([loop, loop, loop])))
    assert between.max() - between.min() <= 0.021  # measured in steps of 10 ms
    assert round(4.0 / between.mean()) % 2 == 0


def test_speed_moves_the_pace_while_walking() -> None:
    controls = Controls(FOOTSTEPS, FOOTSTEPS.resolved({"surface": "tile", "speed": 0.0}))
    voice = Gait(Timeline(seed=1, object_seed=1), controls.step())
    blocks = []
    for quantum in range(2400):
        if quantum == 1200:
            controls.set("speed", 1.0)
        blocks.append(voice.block(quantum * QUANTUM_FRAMES, controls.step()))
    slow, fast = np.split(np.concatenate(blocks, axis=1).T.astype(np.float32), 2)
    assert len(onsets_s(fast)) > 2.5 * len(onsets_s(slow))
