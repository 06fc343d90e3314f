"""Whatever an effect does at its extremes, what is heard stays under the ceiling."""

import itertools

import numpy as np
import pytest

from swash_model.dsp.loudness import true_peak_dbtp
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Choice, Effect
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Value
from swash_server.making.mastering import Mastering, master

CEILING_DBTP = -1.0
SEEDS = 20


def settings_of(effect: Effect) -> list[dict[str, Value]]:
    """Return the defaults, every end of every parameter, and everything at its loudest end at once."""
    settings: list[dict[str, Value]] = [{} for _ in range(SEEDS)]
    for parameter in effect.every_parameter:
        ends = parameter.choices if isinstance(parameter, Choice) else (parameter.minimum, parameter.maximum)
        settings += [{parameter.name: end} for end in ends]
    numbers = [parameter for parameter in effect.every_parameter if not isinstance(parameter, Choice)]
    settings.append({parameter.name: parameter.maximum for parameter in numbers if parameter.name != "distance_m"})
    return settings


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_no_setting_and_no_seed_gets_above_the_ceiling(effect_id: str) -> None:
    engine = ProceduralEngine()
    mastering = Mastering(sample_rate=48_000, channels=2, loudness_lufs=None, ceiling_dbtp=CEILING_DBTP)
    effect = EFFECTS[effect_id]
    duration_s = None if effect.one_shot else 0.6
    for settings, seed in zip(settings_of(effect), itertools.cycle(range(SEEDS)), strict=False):
        spec = engine.resolve(Ask(effect=effect_id, parameters=settings, duration_s=duration_s, seed=seed)).spec
        blocks = master(engine.render(spec), source_rate=engine.sample_rate, frames=None, mastering=mastering)
        sound = np.concatenate(list(blocks))
        assert np.isfinite(sound).all()
        assert true_peak_dbtp(sound, 48_000) <= CEILING_DBTP + 0.1, (settings, seed)
