"""Prints the calibration gains that bring each effect, at default parameters, to its reference loudness.

    .venv/bin/python tools/calibrate.py [EFFECT ...]

Run it after changing an effect, write the gain into the effect's file, and raise its version.
"""

import sys

import numpy as np

from swash_model.dsp.loudness import loudness_lufs, momentary_lufs
from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Effect
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Block

ONE_SHOT_LUFS = -18.0  # momentary: loud enough to be mixed down
INTERFACE_LUFS = -20.0
BED_LUFS = -26.0  # integrated: stays under what happens
SEEDS = range(1, 9)


def reference_lufs(effect: Effect, *, endless: bool) -> float:
    """Return the loudness that an effect is calibrated to."""
    if endless:
        return BED_LUFS
    return INTERFACE_LUFS if effect.id.startswith("ui_") else ONE_SHOT_LUFS


def _rendered(effect: Effect, seed: int, duration_s: float | None) -> Block:
    engine = ProceduralEngine()
    ask = Ask(effect=effect.id, seed=seed, object_seed=seed, duration_s=duration_s)
    return np.concatenate(list(engine.render(engine.resolve(ask).spec)))


def one_shot_loudness(effect: Effect) -> float:
    """Return the momentary loudness of a one-shot, LUFS: the mean over several seeds."""
    return float(np.mean([momentary_lufs(_rendered(effect, seed, None), SAMPLE_RATE) for seed in SEEDS]))


def _bed_loudness(effect: Effect) -> float:
    return float(np.mean([loudness_lufs(_rendered(effect, seed, 20.0), SAMPLE_RATE) for seed in (1, 2, 3)]))


def main() -> None:
    """Print one line an effect."""
    for name in sys.argv[1:] or EFFECTS:
        effect = EFFECTS[name]
        if effect.one_shot:
            gain_db = effect.one_shot.gain_db + reference_lufs(effect, endless=False) - one_shot_loudness(effect)
            print(f"{name:16} one-shot gain_db={gain_db:.1f} (now {effect.one_shot.gain_db:.1f})")
        if effect.endless:
            gain_db = effect.endless.gain_db + reference_lufs(effect, endless=True) - _bed_loudness(effect)
            print(f"{name:16} endless  gain_db={gain_db:.1f} (now {effect.endless.gain_db:.1f})")


if __name__ == "__main__":
    main()
