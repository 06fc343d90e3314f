"""The engine resolves what is asked, keeps layers apart, and makes loops that fit."""

import math
from dataclasses import replace

import numpy as np
import pytest

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE
from swash_model.errors import InvalidAskError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import PLACE
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import DEFAULT_ENDLESS_S, MAX_LOOP_S, Ask, Block, Layer, Spec, Value

ENGINE = ProceduralEngine()
SILENT_DB = -300.0
RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]


def spec(effect: str, parameters: dict[str, Value] | None = None, **asked: object) -> Spec:
    ask = Ask(effect=effect, parameters=parameters or {}, seed=5, object_seed=6)
    return ENGINE.resolve(replace(ask, **asked)).spec  # type: ignore[arg-type]


def layer(effect: str, level_db: float = 0.0) -> Layer:
    return replace(spec(effect).layers[0], level_db=level_db)


def render(sound: Spec) -> Block:
    return np.concatenate(list(ENGINE.render(sound)))


def mix(base: Spec, *layers: Layer) -> Spec:
    return replace(base, layers=layers)


def test_an_effect_alone_has_its_defaults() -> None:
    resolved = spec("rain")
    assert dict(resolved.layers[0].parameters) == EFFECTS["rain"].resolved()
    assert (resolved.layers[0].preset, resolved.layers[0].ucs_cat_id) == ("", EFFECTS["rain"].ucs_cat_id)
    assert (resolved.seed, resolved.object_seed, resolved.loop) == (5, 6, False)


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_a_preset_changes_the_defaults_and_a_parameter_the_preset(effect_id: str) -> None:
    effect = EFFECTS[effect_id]
    for preset in effect.presets:
        resolved = spec(f"{effect_id}/{preset.name}", {"gain_db": -3.0}).layers[0]
        assert dict(resolved.parameters) == {**effect.resolved(preset.parameters), "gain_db": -3.0}
        assert (resolved.preset, resolved.ucs_cat_id) == (preset.name, preset.ucs_cat_id)


def test_the_order_of_parameters_makes_no_other_sound() -> None:
    one = spec("rain", {"gain_db": -1.0, "width": 0.5})
    other = spec("rain", {"width": 0.5, "gain_db": -1.0})
    assert one.canonical() == other.canonical()


def test_words_and_parameters_go_together() -> None:
    ask = Ask(prompt="rain on a tin roof", parameters={"gain_db": -3.0})
    resolved = ENGINE.resolve(ask)
    assert resolved.spec.layers[0].effect == "rain"
    assert dict(resolved.spec.layers[0].parameters)["gain_db"] == -3.0
    assert resolved.confidence > 0.5


@pytest.mark.parametrize("ask", [Ask(effect="railgun"), Ask(effect="rain/railgun"), Ask(effect="")])
def test_what_there_is_not_is_refused(ask: Ask) -> None:
    with pytest.raises(InvalidAskError, match="effect"):
        ENGINE.resolve(ask)


def test_a_one_shot_has_its_own_length_and_a_bed_the_one_asked() -> None:
    click, bed = spec("ui_click"), spec("rain", duration_s=2.5)
    assert ENGINE.frames(click, 48_000) is None
    assert [ENGINE.frames(bed, rate) for rate in (48_000, 44_100)] == [120_000, 110_250]
    assert ENGINE.frames(spec("rain"), 48_000) == round(DEFAULT_ENDLESS_S * 48_000)
    assert (ENGINE.natural_channels(click), ENGINE.natural_channels(bed)) == (1, 2)


@pytest.mark.parametrize("frames", [1, 479, 480, 481, 24_001])
def test_a_bed_is_exactly_as_long_as_asked(frames: int) -> None:
    bed = spec("rain", duration_s=1.0)
    assert len(render(replace(bed, duration_s=frames / SAMPLE_RATE))) == frames


@pytest.mark.parametrize("effect_id", ["rain", "ui_click"])
def test_even_the_shortest_sound_is_one(effect_id: str) -> None:
    resolved = spec(effect_id, duration_s=1e-6)
    assert len(render(resolved)) > 0
    assert ENGINE.frames(resolved, 8_000) != 0


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("asked_s", [2.0, 3.337, 10.0049, MAX_LOOP_S])
def test_a_loop_is_whole_quanta_and_whole_frames_at_the_rate_it_is_heard(asked_s: float, sample_rate: int) -> None:
    loop_s = spec("rain", loop=True, duration_s=asked_s, sample_rate=sample_rate).duration_s
    assert loop_s is not None
    step_s = {11_025: 0.04, 22_050: 0.02}.get(sample_rate, 0.01)
    assert abs(loop_s - asked_s) <= step_s / 2 + 1e-9
    assert loop_s <= MAX_LOOP_S
    for frames in (loop_s * SAMPLE_RATE / QUANTUM_FRAMES, loop_s * sample_rate):
        assert frames == pytest.approx(round(frames), abs=1e-6)


def test_a_loop_without_a_length_has_the_usual_one() -> None:
    assert spec("rain", loop=True).duration_s == DEFAULT_ENDLESS_S


@pytest.mark.parametrize("duration_s", [0.0, 0.5, 1.99, 60.01, -1.0, math.nan, math.inf])
def test_a_loop_of_a_length_that_cannot_be_is_refused(duration_s: float) -> None:
    with pytest.raises(InvalidAskError, match="2 to 60 for a loop of rain, got") as refusal:
        spec("rain", loop=True, duration_s=duration_s)
    assert refusal.value.field == "duration_s"


def test_what_ends_by_itself_does_not_loop() -> None:
    with pytest.raises(InvalidAskError, match="ui_click ends by itself") as refusal:
        spec("ui_click", loop=True)
    assert refusal.value.field == "loop"


def test_a_loop_is_one_turn_long_and_joins_itself() -> None:
    sound = render(spec("rain", loop=True, duration_s=2.0))
    assert len(sound) == 2 * SAMPLE_RATE
    level = np.square(sound).mean(axis=1).reshape(40, -1).mean(axis=1)  # every 50 ms
    assert level[[0, -1]].min() > 0.3 * np.median(level)  # no fade at either end


def test_a_sound_that_is_no_loop_fades_at_both_ends() -> None:
    sound = np.abs(render(spec("rain", duration_s=2.0))).max(axis=1)
    assert sound[0] == 0.0
    assert sound[-1] < 0.01
    assert sound[-240:].max() < 0.5 * sound[SAMPLE_RATE : -SAMPLE_RATE // 2].max()


def test_another_layer_changes_nothing_of_the_first() -> None:
    base = spec("rain", duration_s=1.0)
    alone = render(mix(base, layer("rain")))
    under_silence = render(mix(base, layer("rain"), layer("wind", SILENT_DB)))
    np.testing.assert_allclose(under_silence, alone, atol=1e-7)
    np.testing.assert_array_equal(alone, render(base))


def test_layers_add_up_and_have_seeds_of_their_own() -> None:
    base = spec("rain", duration_s=1.0)
    together = render(mix(base, layer("rain"), layer("rain")))
    first = render(base)
    second = together - first
    assert not np.allclose(first, second, atol=1e-3)
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.1
    quieter = render(mix(base, layer("rain"), layer("rain", -20.0))) - first
    np.testing.assert_allclose(quieter, 0.1 * second, atol=1e-6)


def test_one_shots_in_a_mix_begin_together_and_the_longest_gives_the_length() -> None:
    click, knock = spec("ui_click", trim=False), spec("impact", trim=False)
    both = render(mix(knock, layer("impact"), layer("ui_click", SILENT_DB)))
    np.testing.assert_allclose(both, render(knock), atol=1e-7)
    assert len(render(click)) < len(both)


def test_a_one_shot_in_a_looped_mix_rings_around_into_the_start() -> None:
    bell = spec("impact", {"material": "metal", "size_m": 2.0})
    whole = render(bell)
    frames = 2 * SAMPLE_RATE
    assert len(whole) > frames, "a bell that is over before its loop shows nothing"
    turns = np.zeros((-(-len(whole) // frames) * frames, 2), np.float32)
    turns[: len(whole)] = whole
    loop = spec("rain", loop=True, duration_s=2.0)
    looped = render(mix(loop, bell.layers[0], layer("rain", SILENT_DB)))
    np.testing.assert_allclose(looped, turns.reshape(-1, frames, 2).sum(axis=0), atol=1e-6)


def test_trimming_leaves_out_what_is_not_heard_and_nothing_else() -> None:
    bell: dict[str, Value] = {"material": "metal"}
    whole, trimmed = (render(spec("impact", bell, trim=trim)) for trim in (False, True))
    assert len(trimmed) < len(whole)
    before_the_fade = len(trimmed) - 480
    np.testing.assert_array_equal(trimmed[:before_the_fade], whole[:before_the_fade])
    np.testing.assert_allclose(trimmed[-1], 0.0, atol=1e-5)
    assert np.abs(whole[len(trimmed) :]).max() < 1e-3 * np.abs(whole).max()


def test_a_duration_shorter_than_a_one_shot_fades_it_out() -> None:
    whole = render(spec("impact", {"material": "metal"}))
    short = render(spec("impact", {"material": "metal"}, duration_s=0.4))
    assert len(short) == round(0.4 * SAMPLE_RATE) < len(whole)
    before_the_fade = len(short) - round(0.05 * SAMPLE_RATE)
    np.testing.assert_array_equal(short[:before_the_fade], whole[:before_the_fade])
    np.testing.assert_allclose(short[-1], 0.0, atol=1e-3 * np.abs(short).max())


def test_a_duration_longer_than_a_one_shot_adds_no_silence() -> None:
    np.testing.assert_array_equal(render(spec("ui_click", duration_s=9.0)), render(spec("ui_click")))


def test_a_render_may_be_left_at_any_block() -> None:
    blocks = ENGINE.render(spec("rain", duration_s=60.0))
    assert next(iter(blocks)).shape == (QUANTUM_FRAMES, 2)


def test_the_version_names_every_effect_of_a_sound() -> None:
    base = spec("rain", duration_s=1.0)
    version = ENGINE.version_of(mix(base, layer("rain"), layer("wind")))
    assert version.endswith(f"rain.{EFFECTS['rain'].version}+wind.{EFFECTS['wind'].version}")


def test_a_place_rings_on_after_a_hit_and_ends() -> None:
    dry, hall = (render(spec("impact/wooden_crate", {"place": place})) for place in ("open", "hall"))
    assert len(hall) > len(dry) + SAMPLE_RATE
    assert np.abs(hall[-4:]).max() < 1e-4


def test_an_effect_may_have_its_own_default_of_what_every_effect_has() -> None:
    own = replace(EFFECTS["rain"], parameters=(replace(PLACE, default="cave"),))
    assert own.resolved()["place"] == "cave"
    assert [parameter.name for parameter in own.every_parameter].count("place") == 1
