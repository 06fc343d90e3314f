"""Crickets chirp by the thermometer, cicadas buzz, wings whine past the ear."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, find_peaks, sosfilt

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects.insects import INSECTS
from swash_model.spec import Block
from tests.hearing import band_level_db, centroid_hz, level_db, mono, pcm16, sound_of, spectrum
from tests.model.effects.test_every_effect import performed

MS = SAMPLE_RATE // 1000


def level_of(sound: Block, low_hz: float, high_hz: float) -> npt.NDArray[np.float64]:
    """Return the level of a band every millisecond."""
    band = sosfilt(butter(2, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE, output="sos"), mono(sound))
    return np.asarray(np.sqrt(np.square(band[: len(band) // MS * MS]).reshape(-1, MS).mean(axis=1)))


def chirps(sound: Block) -> npt.NDArray[np.int64]:
    """Return when a lone cricket begins a chirp, ms."""
    level = level_of(sound, 3000.0, 7000.0)
    loud = np.flatnonzero(level > 0.2 * level.max())
    return np.asarray(loud[np.diff(loud, prepend=-1000) > 120])


def pitch_hz(sound: Block) -> float:
    frequency, power = spectrum(sound)
    return float(frequency[np.argmax(power)])


def test_a_cricket_is_a_pure_high_note() -> None:
    sound = sound_of("insects/lone_cricket", duration_s=4.0)
    assert 3500.0 < pitch_hz(sound) < 5500.0
    assert band_level_db(sound, 0.93 * pitch_hz(sound), 1.07 * pitch_hz(sound)) > -1.0


def test_a_chirp_is_three_or_four_pulses_that_grow() -> None:
    for object_seed in range(1, 7):
        level = level_of(sound_of("insects", object_seed=object_seed), 3000.0, 7000.0)
        peaks, shape = find_peaks(np.pad(level, 5), prominence=0.3 * level.max(), height=0.0)
        assert len(peaks) in {3, 4}
        assert shape["peak_heights"][0] < shape["peak_heights"][2]


def test_warmth_quickens_the_chirps_as_dolbear_counted() -> None:
    counts = {
        t: len(chirps(sound_of("insects/lone_cricket", {"temperature_c": t}, duration_s=8.0)))
        for t in (14, 22, 30)
    }
    assert counts[14] < counts[22] < counts[30]
    # 40 chirps a minute at 10 degrees and 7 more for each further one; each cricket has a pace of its own.
    for temperature, count in counts.items():
        assert count == pytest.approx((40.0 + 7.0 * (temperature - 10)) / 7.5, rel=0.3)


def test_no_two_chirps_are_in_time() -> None:
    between = np.diff(chirps(sound_of("insects/lone_cricket", duration_s=8.0)))
    assert 0.01 < between.std() / between.mean() < 0.2


def test_more_insects_are_louder() -> None:
    for species in ("cricket", "field", "cicada", "bee"):
        loudness = [
            level_db(sound_of("insects", {"species": species, "density": density}, duration_s=3.0))
            for density in (0.0, 0.5, 1.0)
        ]
        assert all(louder > softer + 0.2 for softer, louder in pairwise(loudness)), species


def test_larger_insects_are_lower() -> None:
    for species in ("cricket", "cicada", "mosquito"):
        centroids = [
            centroid_hz(sound_of("insects", {"species": species, "pitch": pitch}, duration_s=1.5))
            for pitch in (0.5, 0.8, 1.2)
        ]
        assert all(higher > 1.2 * lower for lower, higher in pairwise(centroids)), species


def test_a_cicada_is_a_rasp_and_a_cricket_a_note() -> None:
    cicada, cricket = (sound_of(f"insects/{name}", duration_s=2.5) for name in ("cicadas", "lone_cricket"))
    assert band_level_db(cicada, 3000.0, 15_000.0) > -1.0
    wide = max(band_level_db(cicada, low, 1.07 * low) for low in 3000.0 * 1.07 ** np.arange(23))
    narrow = max(band_level_db(cricket, low, 1.07 * low) for low in 3000.0 * 1.07 ** np.arange(23))
    assert narrow > wide + 5.0


@pytest.mark.parametrize(
    ("species", "low_hz", "high_hz"), [("fly", 160, 240), ("bee", 190, 290), ("mosquito", 450, 680)]
)
def test_wings_beat_at_the_rate_of_their_kind(species: str, low_hz: float, high_hz: float) -> None:
    sound = sound_of(f"insects/{species}", {"movement": 0.2}, duration_s=3.0)
    frequency, power = spectrum(sound)
    octave = (frequency > low_hz / 1.5) & (frequency < 1.5 * high_hz)
    assert low_hz < frequency[octave][np.argmax(power[octave])] < high_hz
    assert band_level_db(sound, low_hz, 12.0 * high_hz) > -1.5


def test_a_fly_goes_from_ear_to_ear_and_a_hovering_one_stays() -> None:
    def leaning_db(movement: float) -> npt.NDArray[np.float64]:
        sound = sound_of("insects/fly", {"movement": movement}, duration_s=6.0)
        tenths = sound[: len(sound) // 4800 * 4800].reshape(-1, 4800, 2).astype(np.float64)
        left, right = 10.0 * np.log10(np.square(tenths).mean(axis=1)).T
        return np.asarray(left - right)

    assert np.ptp(leaning_db(1.0)) > 12.0
    assert np.ptp(leaning_db(0.0)) < 3.0


def wing_hz(sound: Block) -> float:
    power = np.abs(np.fft.rfft(mono(sound) * np.hanning(len(sound)), 8 * len(sound)))
    return float(np.argmax(power)) * SAMPLE_RATE / (8 * len(sound))


def test_a_mosquito_that_passes_comes_near_and_falls_in_pitch() -> None:
    sound = sound_of("insects/mosquito")
    level = level_of(sound, 300.0, 8000.0)
    nearest = int(np.argmax(np.convolve(level, np.ones(50), "same")))
    assert 500 < nearest < 1100
    assert level[nearest - 20 : nearest + 20].mean() > 5.0 * level[50:150].mean()
    early, late = sound[20 * 480 : 60 * 480], sound[100 * 480 : 140 * 480]
    assert wing_hz(late) == pytest.approx(0.982 * wing_hz(early), rel=0.008)  # 3.2 m/s to and fro
    # From one ear to the other.
    assert (level_db(early[:, 0]) - level_db(early[:, 1])) * (level_db(late[:, 0]) - level_db(late[:, 1])) < 0.0


def test_a_cricket_keeps_its_note_from_night_to_night() -> None:
    def note_hz(object_seed: int, seed: int) -> float:
        return pitch_hz(sound_of("insects/lone_cricket", object_seed=object_seed, seed=seed, duration_s=1.0))

    assert note_hz(1, 1) == pytest.approx(note_hz(1, 2), rel=0.01)
    assert len({round(note_hz(object_seed, 1) / 20.0) for object_seed in range(1, 7)}) >= 5


def test_a_night_field_never_falls_silent() -> None:
    level = level_of(sound_of("insects/night_field", duration_s=5.0), 1500.0, 9000.0)[100:-100]
    assert np.convolve(level, np.ones(100) / 100, "valid").min() > 0.02 * level.max()


@pytest.mark.parametrize("preset", ["night_field", "mosquito"])
def test_other_kinds_close_their_loops_too(preset: str) -> None:
    assert INSECTS.endless
    frames = 401 * QUANTUM_FRAMES
    controls = Controls(INSECTS, INSECTS.resolved(INSECTS.preset(preset).parameters))
    sound = performed(INSECTS.endless, controls, 4 * frames / SAMPLE_RATE, loop_frames=frames)
    np.testing.assert_array_equal(pcm16(sound[:, 2 * frames : 3 * frames]), pcm16(sound[:, 3 * frames :]))
