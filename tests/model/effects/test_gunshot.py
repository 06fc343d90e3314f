"""A gunshot tells the gun, how far it is, and what stands around; automatic fire keeps time."""

import numpy as np
import pytest
from scipy.signal import butter, find_peaks, sosfilt

from swash_model.dsp.loudness import momentary_lufs
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.controls import Controls
from swash_model.procedural.effects.gunshot import GUNSHOT
from swash_model.spec import Block, Value
from tests.hearing import centroid_hz, correlation, crest_db, level_db, mono, sound_of

SHOTS = range(1, 5)  # no two charges are alike; a claim about guns needs several
BARE: dict[str, Value] = {"terrain": "none", "action": 0.0}
WINDOW_FRAMES = 48


def several(parameters: dict[str, Value]) -> list[Block]:
    return [sound_of("gunshot", parameters, seed=seed) for seed in SHOTS]


def loudness_lufs(parameters: dict[str, Value]) -> float:
    return float(np.mean([momentary_lufs(shot, SAMPLE_RATE) for shot in several(parameters)]))


def mean_centroid_hz(parameters: dict[str, Value]) -> float:
    return float(np.mean([centroid_hz(shot) for shot in several(parameters)]))


def part(block: Block, first_s: float, last_s: float) -> Block:
    return block[round(first_s * SAMPLE_RATE) : round(last_s * SAMPLE_RATE)]


def fired_s(samples: Samples) -> Samples:
    """Return when shots are fired, s: steps of the level above 3 kHz."""
    sharp = np.abs(sosfilt(butter(2, 3000.0, "highpass", fs=SAMPLE_RATE, output="sos"), samples))
    windows = sharp[: len(sharp) // WINDOW_FRAMES * WINDOW_FRAMES].reshape(-1, WINDOW_FRAMES).max(axis=1)
    step = windows - np.pad(windows, (8, 0))[: len(windows)]
    peaks, _ = find_peaks(np.pad(step, 1), height=0.4 * step.max(), distance=15)
    return np.asarray((peaks - 1) * WINDOW_FRAMES / SAMPLE_RATE)


def test_a_shot_is_a_front_and_what_follows_it() -> None:
    for shot in several({}):
        assert np.argmax(np.abs(mono(shot))) < 0.004 * SAMPLE_RATE
        assert crest_db(shot) > 20.0
        assert level_db(part(shot, 0.0, 0.02)) > level_db(part(shot, 0.1, 0.3)) + 15.0


def test_a_larger_calibre_is_louder_and_lower() -> None:
    for weapon in ("pistol", "rifle"):
        loud = [loudness_lufs({"weapon": weapon, "calibre": calibre}) for calibre in (0.0, 0.5, 1.0)]
        high = [mean_centroid_hz({**BARE, "weapon": weapon, "calibre": calibre}) for calibre in (0.0, 0.5, 1.0)]
        assert (np.diff(loud) > 2.0).all()
        assert high == sorted(high, reverse=True)


def test_a_suppressor_takes_the_blast_and_leaves_the_action() -> None:
    loud = [loudness_lufs({"suppressed": held}) for held in (0.0, 0.3, 0.6, 1.0)]
    assert (np.diff(loud) < -1.5).all()
    assert loud[0] - loud[-1] > 12.0
    dry: dict[str, Value] = {"suppressed": 1.0, "terrain": "none"}
    still, working = (sound_of("gunshot", {**dry, "action": action}) for action in (0.0, 1.0))
    assert level_db(part(working, 0.04, 0.08)) > level_db(part(still, 0.04, 0.08)) + 10.0


def test_a_rifle_is_sharper_than_a_shotgun_and_a_musket() -> None:
    rifle, pistol, shotgun, musket = (
        mean_centroid_hz({**BARE, "weapon": weapon}) for weapon in ("rifle", "pistol", "shotgun", "musket")
    )
    assert min(rifle, pistol) > 1.3 * max(shotgun, musket)


def test_the_land_returns_what_stands_on_it() -> None:
    tails = [
        level_db(part(sound_of("gunshot", {"terrain": terrain, "action": 0.0}), 0.15, 0.35))
        for terrain in ("field", "forest", "street")
    ]
    assert tails == sorted(tails)
    assert len(sound_of("gunshot", BARE)) < 0.35 * SAMPLE_RATE
    valley = sound_of("gunshot", {"terrain": "valley"})
    assert level_db(part(valley, 1.5, 2.5)) > level_db(part(valley, 0.0, 0.1)) - 50.0


@pytest.mark.parametrize("rpm", [120.0, 600.0, 1200.0])
def test_automatic_fire_keeps_its_rate(rpm: float) -> None:
    fired = fired_s(mono(sound_of("gunshot", {**BARE, "rpm": rpm}, duration_s=3.0)))
    assert abs(len(fired) - 3.0 * rpm / 60.0) <= 1
    gaps = np.diff(fired) * rpm / 60.0
    assert 0.8 < gaps.min() < gaps.max() < 1.2
    assert gaps.std() > 0.002  # but no machine


def test_the_rate_moves_while_the_trigger_is_held() -> None:
    assert GUNSHOT.endless
    controls = Controls(GUNSHOT, GUNSHOT.resolved({**BARE, "rpm": 200.0}))
    voice = GUNSHOT.endless.voice(Timeline(seed=1, object_seed=1), controls.step())
    blocks = []
    for quantum in range(400):
        if quantum == 200:
            controls.set("rpm", 1000.0)
        blocks.append(voice.block(quantum * QUANTUM_FRAMES, controls.step()))
    fired = fired_s(np.concatenate(blocks, axis=1).mean(axis=0))
    assert abs(np.count_nonzero(fired < 2.0) - 6.7) < 1.5
    assert abs(np.count_nonzero(fired >= 2.0) - 33.3) < 2.5


def test_no_two_shots_of_a_burst_are_the_same() -> None:
    burst = mono(sound_of("gunshot", {**BARE, "rpm": 300.0}, duration_s=2.0))
    starts = (fired_s(burst) * SAMPLE_RATE).astype(int)[1:8]
    shots = [burst[start : start + 2400] for start in starts]
    levels = [level_db(shot) for shot in shots]
    assert 0.1 < np.ptp(levels) < 4.0
    assert all(correlation(shots[0], shot) < 0.9 for shot in shots[1:])


def test_a_bullet_cracks_past_before_its_shot_is_heard() -> None:
    parameters: dict[str, Value] = {**BARE, "weapon": "rifle", "crack": 1.0}
    for distance_m in (60.0, 200.0):
        sound = sound_of("gunshot", {**parameters, "distance_m": distance_m})
        late_s = distance_m * (1.0 / 343.0 - 1.0 / 850.0)
        assert level_db(part(sound, 0.0, 0.005)) > level_db(part(sound, 0.6 * late_s, 0.9 * late_s)) + 25.0
        assert level_db(part(sound, late_s, late_s + 0.03)) > level_db(part(sound, 0.01, 0.9 * late_s)) + 10.0


def test_far_off_more_of_it_is_echo() -> None:
    def tail_db(distance_m: float) -> float:
        shot = sound_of("gunshot", {"terrain": "forest", "distance_m": distance_m})
        return level_db(part(shot, 0.1, 0.4)) - level_db(part(shot, 0.0, 0.05))

    assert tail_db(0.0) + 2.0 < tail_db(60.0) < tail_db(250.0) - 1.0


def test_the_land_is_the_objects_and_the_shot_the_seeds() -> None:
    street: dict[str, Value] = {"weapon": "rifle", "terrain": "street", "action": 0.0}

    def walls_s(seed: int, object_seed: int) -> int:
        shot = np.abs(mono(sound_of("gunshot", street, seed=seed, object_seed=object_seed)))
        windows = shot[: 10 * 4800].reshape(-1, 480).max(axis=1)
        return int(np.argmax(windows[3:])) + 3

    assert walls_s(1, 1) == walls_s(2, 1)
    assert len({walls_s(1, number) for number in range(1, 6)}) > 1


def test_every_gun_has_its_category() -> None:
    categories = {
        weapon: GUNSHOT.ucs_of(GUNSHOT.resolved({"weapon": weapon}))
        for weapon in ("pistol", "rifle", "shotgun", "musket")
    }
    assert categories == {"pistol": "GUNPis", "rifle": "GUNRif", "shotgun": "GUNShotg", "musket": "GUNAntq"}
