"""Writes tests/data/fingerprints.json: what every preset sounds like, in numbers that any machine agrees on.

    .venv/bin/python tools/fingerprint.py

A test fails when a sound has changed and its effect's version has not: old recordings would be served for it.
"""

import json
from pathlib import Path
from typing import TypedDict

import numpy as np
from scipy.signal import welch

from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Block

FINGERPRINTS = Path(__file__).parent.parent / "tests" / "data" / "fingerprints.json"
OCTAVES_HZ = 31.25 * 2.0 ** np.arange(10)
BED_S = 2.0


class Fingerprint(TypedDict):
    """Version of the sound, its frames, and the level of each octave, dBFS."""

    version: str
    frames: int
    octaves_db: list[float]


def fingerprint_of(path: str, duration_s: float | None) -> Fingerprint:
    """Return the fingerprint of an effect or preset: `duration_s` None for a one-shot."""
    engine = ProceduralEngine()
    spec = engine.resolve(Ask(effect=path, duration_s=duration_s, seed=1, object_seed=1)).spec
    sound = np.concatenate(list(engine.render(spec)))
    return {"version": engine.version_of(spec), "frames": len(sound), "octaves_db": _octaves_db(sound, engine)}


def names() -> dict[str, tuple[str, float | None]]:
    """Return every sound that has a fingerprint, by name: its path and its duration."""
    sounds: dict[str, tuple[str, float | None]] = {}
    for effect in EFFECTS.values():
        for preset in effect.presets:
            path = f"{effect.id}/{preset.name}"
            if effect.one_shot:
                sounds[f"{path} once"] = path, None
            if effect.endless:
                sounds[f"{path} going on"] = path, BED_S
    return sounds


def _octaves_db(sound: Block, engine: ProceduralEngine) -> list[float]:
    frequency, power = welch(sound.T, engine.sample_rate, nperseg=min(4096, len(sound)), axis=1)
    total = power.mean(axis=0)
    edges = (OCTAVES_HZ / np.sqrt(2), OCTAVES_HZ * np.sqrt(2))
    bands = [total[(frequency >= low) & (frequency < high)].sum() for low, high in zip(*edges, strict=True)]
    return [round(10.0 * float(np.log10(band + 1e-12)), 1) for band in bands]


def main() -> None:
    """Write every fingerprint."""
    prints = {name: fingerprint_of(path, duration_s) for name, (path, duration_s) in names().items()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(prints[name])}" for name in sorted(prints))
    FINGERPRINTS.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
