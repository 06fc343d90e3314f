"""What each effect costs: RTF of endless ones, milliseconds of whole one-shots, engine and mastering."""

import time

import numpy as np

from benchmarks.measuring import table
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Spec
from swash_server.making.mastering import Mastering, master

SECONDS = 10.0
REPEATS = 9


def main() -> None:
    """Print one row an effect."""
    engine = ProceduralEngine()
    engine.warm_up()
    rows = []
    for effect in sorted(EFFECTS.values(), key=lambda effect: effect.id):
        if effect.endless:
            spec = engine.resolve(Ask(effect=effect.id, duration_s=SECONDS, seed=1)).spec
            alone, mastered = _best_s(engine, spec, mastering=False), _best_s(engine, spec, mastering=True)
            percent = f"{100 * alone / SECONDS:.1f} %", f"{100 * mastered / SECONDS:.1f} %"
            rows.append((effect.id, "endless", *percent, f"{SECONDS / mastered:.0f}"))
        if effect.one_shot:
            spec = engine.resolve(Ask(effect=effect.id, seed=1)).spec
            alone, mastered = _best_s(engine, spec, mastering=False), _best_s(engine, spec, mastering=True)
            length_s = sum(len(block) for block in engine.render(spec)) / engine.sample_rate
            whole = f"{alone * 1e3:.1f} ms", f"{mastered * 1e3:.1f} ms"
            rows.append((effect.id, f"one-shot, {length_s:.1f} s", *whole, f"{length_s / mastered:.0f}"))
    head = ("effect", "kind", "engine (of a core, or whole)", "with mastering", "times real time")
    table("Cost of each effect, stereo 48 kHz, one core", head, rows)


def _best_s(engine: ProceduralEngine, spec: Spec, *, mastering: bool) -> float:
    """Return the shortest of several renders, s."""
    settings = Mastering(sample_rate=48_000, channels=2, loudness_lufs=None, ceiling_dbtp=-1.0)
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        blocks = engine.render(spec)
        if mastering:
            blocks = master(blocks, source_rate=engine.sample_rate, frames=None, mastering=settings)
        for _block in blocks:
            pass
        times.append(time.perf_counter() - began)
    return float(np.min(times))
