"""Draws effects as waveform and spectrogram into docs/reference/effects/, or one sound into a file.

.venv/bin/python tools/draw_effects.py [EFFECT[/PRESET] ...] [--into DIR] [--seconds S]
"""

import argparse
from pathlib import Path

import numpy as np

from swash_model.procedural.catalogue import EFFECTS, effect_named
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask
from swash_server.formats.picture import draw

DOCS = Path(__file__).parent.parent / "docs" / "reference" / "effects"


def main() -> None:
    """Draw each effect named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("effects", nargs="*", default=list(EFFECTS))
    parser.add_argument("--into", type=Path, default=DOCS)
    parser.add_argument("--seconds", type=float)
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    engine = ProceduralEngine()
    for path in asked.effects:
        effect, _ = effect_named(path)
        duration_s = asked.seconds or (None if effect.one_shot else 20.0 if effect.id == "ocean_waves" else 8.0)
        spec = engine.resolve(Ask(effect=path, seed=1, object_seed=1, duration_s=duration_s)).spec
        block = np.concatenate(list(engine.render(spec)))
        draw(block, engine.sample_rate, asked.into / f"{path.replace('/', '.')}.png", title=path)


if __name__ == "__main__":
    main()
