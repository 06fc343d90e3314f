"""The quality gate never stands in the way of a request that the contract allows, of any effect."""

from collections.abc import Iterator

import numpy as np
import pytest

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.errors import InvalidAskError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Number
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Value
from swash_server.making.mastering import Mastering, master
from swash_server.making.quality import check_finite, check_whole

ENGINE = ProceduralEngine()
AS_IT_COMES = Mastering(48_000, 2, None, -1.0)
LOUDEST = Mastering(48_000, 2, None, 0.0)
TELEPHONE = Mastering(8000, 1, None, -30.0)
CRUSHED = Mastering(44_100, 2, None, -30.0)
LEVELLED = Mastering(22_050, 1, -5.0, 0.0)
MASTERINGS = (AS_IT_COMES, LOUDEST, TELEPHONE, CRUSHED, LEVELLED)
FAR_AND_SOFT: dict[str, Value] = {"gain_db": -40.0, "distance_m": 300.0}
LENGTHS_S = (0.0001, 0.001, 0.01, 0.049, 0.05, 0.2, 0.7, 1.0, 1.7)

PRESETS = [f"{effect.id}/{preset.name}" for effect in EFFECTS.values() for preset in effect.presets]
SETTINGS = [(effect.id, parameter.name) for effect in EFFECTS.values() for parameter in effect.every_parameter]
ENDLESS = [effect.id for effect in EFFECTS.values() if effect.endless]


def passes(ask: Ask, mastering: Mastering) -> None:
    """Make a sound as the server does, and hold it against the gate."""
    spec = ENGINE.resolve(ask).spec
    frames = ENGINE.frames(spec, mastering.sample_rate)
    blocks = ENGINE.render(spec)
    pieces = list(
        master(blocks, source_rate=SAMPLE_RATE, frames=frames, mastering=mastering, loop=spec.loop)
    )  # fmt: skip
    for piece in pieces:
        check_finite(piece, "key")
    sound = np.concatenate([np.zeros((0, mastering.channels), np.float32), *pieces])
    check_whole(sound, mastering.sample_rate, spec=spec, frames=frames, key=f"{ask} {mastering}")


def natural_s(effect: str, seconds: float) -> float | None:
    return None if EFFECTS[effect.partition("/")[0]].one_shot else seconds


@pytest.mark.parametrize("path", PRESETS)
def test_every_preset_passes(path: str) -> None:
    passes(Ask(effect=path, seed=1, duration_s=natural_s(path, 1.5)), AS_IT_COMES)
    passes(Ask(effect=path, seed=2, duration_s=natural_s(path, 1.1), parameters=FAR_AND_SOFT), TELEPHONE)


@pytest.mark.parametrize("effect", EFFECTS)
def test_any_length_passes_from_a_tenth_of_a_millisecond(effect: str) -> None:
    for number, seconds in enumerate(LENGTHS_S):
        mastering = MASTERINGS[number % len(MASTERINGS)]
        passes(Ask(effect=effect, seed=number, duration_s=seconds), mastering)
        soft_or_loud: dict[str, Value] = {"gain_db": 12.0} if number % 2 else FAR_AND_SOFT
        passes(Ask(effect=effect, seed=number, duration_s=seconds, parameters=soft_or_loud), TELEPHONE)


def extremes(effect: str, name: str) -> Iterator[Value]:
    parameter = EFFECTS[effect].parameter(name)
    yield from (parameter.minimum, parameter.maximum) if isinstance(parameter, Number) else parameter.choices


@pytest.mark.parametrize(("effect", "name"), SETTINGS)
def test_every_extreme_passes(effect: str, name: str) -> None:
    for number, value in enumerate(extremes(effect, name)):
        mastering = MASTERINGS[number % len(MASTERINGS)]
        ask = Ask(effect=effect, seed=number, parameters={name: value}, duration_s=natural_s(effect, 1.05))
        passes(ask, mastering)
        if EFFECTS[effect].one_shot and EFFECTS[effect].endless:
            passes(Ask(effect=effect, seed=number, parameters={name: value}, duration_s=1.05), mastering)


@pytest.mark.parametrize("effect", ENDLESS)
def test_every_loop_passes(effect: str) -> None:
    endless = EFFECTS[effect].endless
    assert endless
    for seed, mastering in enumerate((AS_IT_COMES, LEVELLED)):
        asked_s = max(1.0, endless.min_loop_s)
        ask = Ask(effect=effect, seed=seed, loop=True, duration_s=asked_s, sample_rate=mastering.sample_rate)
        passes(ask, mastering)


@pytest.mark.parametrize("effect", ENDLESS)
def test_whatever_makes_a_bed_sparse_leaves_something_of_it_to_hear(effect: str) -> None:
    """Only what may pause is silent for longer than a second, and then not for the whole of a sound."""
    sparse: dict[str, Value] = {}
    for parameter in EFFECTS[effect].parameters:
        if isinstance(parameter, Number) and parameter.live:
            sparse[parameter.name] = parameter.minimum
    for seed in range(3):
        try:
            passes(Ask(effect=effect, seed=seed, parameters=sparse, duration_s=1.05), AS_IT_COMES)
        except InvalidAskError:  # they do not all go together
            return
