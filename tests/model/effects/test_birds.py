"""Each bird has its own songs and place; kinds are told apart by pitch, length and hoarseness."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, find_peaks, sosfilt

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects.birds import BIRDS
from swash_model.spec import Block
from tests.hearing import band_level_db, centroid_hz, level_db, mono, onset_s, pcm16, sound_of, spectrum
from tests.model.effects.test_every_effect import performed

MS = SAMPLE_RATE // 1000
KINDS = ("songbird", "sparrow", "crow", "owl", "gull", "dove", "cuckoo", "tit")


def level_of(sound: Block) -> npt.NDArray[np.float64]:
    """Return the level above 250 Hz every millisecond."""
    heard = sosfilt(butter(4, 250.0, "highpass", fs=SAMPLE_RATE, output="sos"), mono(sound))
    return np.asarray(np.sqrt(np.square(heard[: len(heard) // MS * MS]).reshape(-1, MS).mean(axis=1)))


def syllables(sound: Block) -> int:
    level = np.convolve(level_of(sound), np.ones(5) / 5.0, "same")
    peaks, _ = find_peaks(np.pad(level, 3), prominence=0.15 * level.max(), distance=15)
    return len(peaks)


def singing(sound: Block) -> float:
    """Return the share of time in which somebody calls."""
    level = level_of(sound)
    return float(np.mean(level > 0.05 * level.max()))


def calls(species: str, count: int = 4) -> list[Block]:
    return [sound_of("birds", {"species": species}, seed=n, object_seed=n) for n in range(1, count + 1)]


@pytest.mark.parametrize("species", [*KINDS, "chorus"])
def test_the_first_call_comes_within_half_a_second(species: str) -> None:
    for seed in range(3):
        sound = sound_of("birds", {"species": species, "air": 0.0}, seed=seed, duration_s=0.7)
        assert onset_s(sound, -20.0) < 0.5


def test_kinds_sing_at_the_pitch_of_their_size() -> None:
    pitch = {species: np.median([centroid_hz(call) for call in calls(species)]) for species in KINDS}
    assert pitch["dove"] < 700.0
    assert pitch["owl"] < 1000.0
    assert pitch["cuckoo"] < 800.0
    assert 1000.0 < pitch["crow"] < 2500.0 < pitch["songbird"]
    assert 1500.0 < pitch["gull"] < 4000.0
    assert 3000.0 < pitch["sparrow"] < 6000.0
    assert pitch["tit"] > 3000.0


def test_a_crow_is_hoarse_and_an_owl_is_pure() -> None:
    def tonal_db(call: Block) -> float:
        _, power = spectrum(call)
        return 10.0 * float(np.log10(np.sort(power)[-12:].sum() / power.sum()))

    crows, owls = ([tonal_db(call) for call in calls(species)] for species in ("crow", "owl"))
    assert max(crows) < min(owls) - 3.0


def test_a_songbird_strings_many_syllables_and_a_cuckoo_two() -> None:
    assert all(syllables(call) == 2 for call in calls("cuckoo"))
    counts = [syllables(call) for call in calls("songbird", 10)]
    assert min(counts) >= 3
    assert np.median(counts) >= 5
    assert len(set(counts)) >= 4


def test_a_cuckoo_falls_by_a_third() -> None:
    for call in calls("cuckoo"):
        half = round(0.27 * SAMPLE_RATE)
        high, low = (centroid_hz(part) for part in (call[:half], call[half:]))
        assert 1.15 < high / low < 1.3


def test_a_bird_keeps_its_songs_and_never_sings_one_twice_alike() -> None:
    def sung(object_seed: int, seed: int) -> Block:
        return sound_of("birds", {"species": "owl"}, object_seed=object_seed, seed=seed)

    lengths = {len(sung(1, seed)) for seed in range(12)}
    assert len(lengths) > 4  # a little quicker or slower each time
    pitches = [centroid_hz(sung(object_seed, 1)) for object_seed in range(1, 7)]
    assert np.std(pitches) / np.mean(pitches) > 0.1


def test_more_birds_and_busier_ones_fill_the_time() -> None:
    flocks = [
        singing(sound_of("birds", {"birds": count, "air": 0.0}, duration_s=8.0)) for count in (1.0, 4.0, 12.0)
    ]
    assert all(fuller > emptier for emptier, fuller in pairwise(flocks))
    busy = [
        singing(sound_of("birds", {"activity": value, "air": 0.0}, duration_s=12.0)) for value in (0.0, 0.5, 1.0)
    ]
    assert all(fuller > emptier for emptier, fuller in pairwise(busy))


def test_pitch_and_tempo_are_as_asked() -> None:
    slow, quick = (sound_of("birds", {"species": "crow", "tempo": tempo}) for tempo in (0.75, 1.5))
    assert len(slow) == pytest.approx(2.0 * len(quick), rel=0.15)
    centroids = [centroid_hz(sound_of("birds", {"pitch": pitch})) for pitch in (0.5, 0.8, 1.25, 2.0)]
    assert all(higher > 1.3 * lower for lower, higher in pairwise(centroids))


def test_birds_stand_left_and_right() -> None:
    flock = sound_of("birds/sparrows", {"spread": 0.0, "air": 0.0}, duration_s=8.0).astype(np.float64)
    tenths = flock[: len(flock) // 4800 * 4800].reshape(-1, 4800, 2)
    powers = np.square(tenths).mean(axis=1)
    powers = powers[powers.sum(axis=1) > 0.02 * powers.sum(axis=1).max()]
    leaning_db = 10.0 * np.log10(powers[:, 0] / powers[:, 1])
    assert leaning_db.max() > 4.0
    assert leaning_db.min() < -2.0


def test_far_birds_are_softer_and_duller() -> None:
    def beyond_first(spread: float) -> Block:
        # The nearest stays where it is: what changes is the others.
        return sound_of("birds/seagulls", {"spread": spread, "air": 0.0, "birds": 12.0}, duration_s=8.0)

    levels = [level_db(beyond_first(spread)) for spread in (0.0, 0.5, 1.0)]
    assert all(softer < louder - 0.5 for louder, softer in pairwise(levels))


def test_a_dawn_chorus_is_a_crowd_and_never_silent() -> None:
    chorus = sound_of("birds/dawn_chorus", duration_s=8.0)
    assert singing(chorus[SAMPLE_RATE:]) > 0.75
    for low_hz, high_hz in ((400.0, 800.0), (2000.0, 3000.0), (3000.0, 5000.0), (5000.0, 9000.0)):
        assert band_level_db(chorus, low_hz, high_hz) > -25.0


def test_one_call_is_one_bird_and_then_over() -> None:
    for species in KINDS:
        call = sound_of("birds", {"species": species})
        assert 0.05 < len(call) / SAMPLE_RATE < 5.0
        assert np.abs(call[: round(0.1 * SAMPLE_RATE)]).max() > 0.0


@pytest.mark.parametrize("preset", ["dawn_chorus", "seagulls"])
def test_other_kinds_close_their_loops_too(preset: str) -> None:
    assert BIRDS.endless
    frames = 401 * QUANTUM_FRAMES
    controls = Controls(BIRDS, BIRDS.resolved(BIRDS.preset(preset).parameters))
    sound = performed(BIRDS.endless, controls, 4 * frames / SAMPLE_RATE, loop_frames=frames)
    np.testing.assert_array_equal(pcm16(sound[:, 2 * frames : 3 * frames]), pcm16(sound[:, 3 * frames :]))
