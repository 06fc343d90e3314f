"""A sword clash tells how long the blades are, what they meet, and how they were held."""

import numpy as np

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.effects.sword_clash import SWORD_CLASH
from swash_model.spec import Block, Value
from tests.hearing import band_level_db, centroid_hz, correlation, level_db, mono, sound_of, spectrum

SWORDS = range(1, 5)  # a blade has partials of its own; a claim about all of them needs several
DRY: dict[str, Value] = {"scrape": 0.0, "chatter": 0.0}


def several(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("sword_clash", parameters, seed=n, object_seed=n) for n in SWORDS]


def mean_centroid_hz(parameters: dict[str, Value]) -> float:
    return float(np.mean([centroid_hz(sound) for sound in several(parameters)]))


def mean_lufs(parameters: dict[str, Value]) -> float:
    return float(np.mean([momentary_lufs(sound, SAMPLE_RATE) for sound in several(parameters)]))


def ringing_s(parameters: dict[str, Value]) -> float:
    """Return the mean time to fall by 30 dB, from the slope of Schroeder's integral between -5 and -35 dB."""
    times = []
    for sound in several(parameters):
        energy = np.cumsum(np.square(mono(sound))[::-1])[::-1]
        fallen_db = 10.0 * np.log10(energy / energy[0] + 1e-20)
        times.append(float(np.argmax(fallen_db < -35.0) - np.argmax(fallen_db < -5.0)) / SAMPLE_RATE)
    return float(np.mean(times))


def test_steel_rings_high_and_without_a_pitch() -> None:
    for sound in several(DRY):
        assert 3000.0 < centroid_hz(sound) < 9000.0
        frequency, power = spectrum(sound)
        bands = [
            power[(frequency >= low) & (frequency < 1.26 * low)].sum() for low in 1000.0 * 1.26 ** np.arange(10)
        ]
        assert max(bands) < 0.6 * power.sum()  # no third of an octave is all there is


def test_more_force_is_louder_and_brighter() -> None:
    forces = (0.1, 0.3, 0.6, 1.0)
    loud = [mean_lufs({"force": force}) for force in forces]
    bright = [mean_centroid_hz({**DRY, "force": force}) for force in forces]
    assert (np.diff(loud) > 2.0).all()
    assert bright == sorted(bright)


def test_a_freer_blade_rings_longer() -> None:
    ringing = [ringing_s({**DRY, "ring": ring}) for ring in (0.0, 0.4, 0.8, 1.0)]
    assert (np.diff(ringing) > 0.0).all()
    assert ringing[-1] > 4.0 * ringing[0]


def test_a_dagger_is_higher_than_a_greatsword() -> None:
    def lowest_db(length_m: float) -> float:
        return float(np.mean([band_level_db(s, 300.0, 2500.0) for s in several({**DRY, "length_m": length_m})]))

    assert lowest_db(0.28) < lowest_db(0.9) - 0.5 < lowest_db(1.6) - 2.0


def test_edges_that_slide_go_on_hissing() -> None:
    def late_db(scrape: float) -> float:
        sounds = several({"scrape": scrape, "ring": 0.2})
        return float(np.mean([level_db(sound[4800:9600]) - level_db(sound[:2400]) for sound in sounds]))

    still, some, much = late_db(0.0), late_db(0.4), late_db(1.0)
    assert still < some < much
    assert much > still + 8.0


def test_chatter_spreads_the_touch_over_several() -> None:
    def spread(chatter: float) -> float:
        """Return the share of the energy that comes after the first 8 ms."""
        shares = []
        for sound in several({"scrape": 0.0, "chatter": chatter, "ring": 0.0}):
            power = np.square(mono(sound))
            shares.append(power[384:].sum() / power.sum())
        return float(np.mean(shares))

    assert spread(1.0) > spread(0.4) > spread(0.0) + 0.05


def test_what_it_meets_is_heard() -> None:
    sword, shield, wood, armour = (
        mean_centroid_hz({"against": against}) for against in ("sword", "metal_shield", "wooden_shield", "armour")
    )
    assert sword > shield
    assert min(shield, armour) > 1.5 * wood
    loud = [
        mean_lufs({"against": against})
        for against in ("sword", "metal_shield", "wooden_shield", "armour", "stone")
    ]
    assert np.ptp(loud) < 7.0


def test_one_pair_of_swords_is_known_again_but_never_repeats_itself() -> None:
    def partials_hz(seed: int, object_seed: int) -> list[float]:
        sound = sound_of("sword_clash", {**DRY, "ring": 1.0}, seed=seed, object_seed=object_seed)[4800:]
        frequency, power = spectrum(sound)
        return sorted(frequency[np.argsort(power)[-40:]])

    first, again, other = set(partials_hz(1, 1)), set(partials_hz(2, 1)), set(partials_hz(1, 2))
    assert len(first & again) > 2 * len(first & other)
    one, two = (mono(sound_of("sword_clash", seed=seed)) for seed in (1, 2))
    assert correlation(one, two) < 0.9


def test_armour_jingles_after_the_blow() -> None:
    quiet: dict[str, Value] = {"scrape": 0.0, "ring": 0.0, "chatter": 0.0}
    plate = [sound_of("sword_clash", {**quiet, "against": "armour"}, seed=n, object_seed=n) for n in SWORDS]
    stone = [sound_of("sword_clash", {**quiet, "against": "stone"}, seed=n, object_seed=n) for n in SWORDS]
    jingle, still = (
        np.mean([level_db(s[3600:7200]) - level_db(s[:1200]) for s in each]) for each in (plate, stone)
    )
    assert jingle > still + 6.0


def test_what_is_struck_decides_the_category() -> None:
    categories = {
        against: SWORD_CLASH.ucs_of(SWORD_CLASH.resolved({"against": against}))
        for against in ("sword", "metal_shield", "wooden_shield", "armour", "stone")
    }
    assert categories == {
        "sword": "WEAPSwrd",
        "metal_shield": "WEAPArmr",
        "wooden_shield": "WEAPArmr",
        "armour": "WEAPArmr",
        "stone": "WEAPSwrd",
    }
