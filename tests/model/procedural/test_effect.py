"""An effect knows its parameters and refuses what they do not allow, in words that help."""

import math

import pytest

from swash_model.errors import InvalidAskError
from swash_model.procedural.catalogue import EFFECTS, effect_named
from swash_model.procedural.effect import Choice, Effect, Number, Preset
from swash_model.spec import Value

SIZE = Number("size_m", "Size.", 0.1, 10.0, 1.0, "m", curve="logarithmic", live=True)
STUFF = Choice("stuff", "What it is made of.", ("wood", "metal"), "wood")
DRUM = Effect(
    id="drum",
    title="Drum",
    description="A drum.",
    ucs_cat_id="MUSCPerc",
    version=1,
    parameters=(SIZE, STUFF),
    presets=(Preset("small", "A small one.", {"size_m": 0.2}, "MUSCPerc"),),
)


@pytest.mark.parametrize("value", [0.1, 1.0, 10.0])
def test_a_number_in_range_is_taken(value: float) -> None:
    assert SIZE.checked(value) == value


@pytest.mark.parametrize("value", [0.0999, 10.001, -1.0, math.nan, math.inf, -math.inf, "wood"])
def test_a_number_out_of_range_is_refused_with_the_range(value: Value) -> None:
    with pytest.raises(InvalidAskError, match=r"parameters\[size_m\]: a number from 0\.1 to 10 m, got") as refusal:
        SIZE.checked(value)
    assert refusal.value.field == "parameters[size_m]"


def test_numbers_that_sound_equal_are_equal() -> None:
    assert SIZE.checked(1.0 + 1e-9) == SIZE.checked(1.0)
    assert SIZE.checked(1.001) != SIZE.checked(1.0)
    pan = Number("pan", "Left to right.", -1.0, 1.0, 0.0)
    assert repr(pan.checked(-0.0)) == repr(pan.checked(0.0))


@pytest.mark.parametrize(("value", "expected"), [(-5.0, 0.1), (3.0, 3.0), (99.0, 10.0)])
def test_a_clamped_number_is_the_nearest_in_range(value: float, expected: float) -> None:
    assert SIZE.clamped(value) == expected


@pytest.mark.parametrize("value", ["", "Wood", "stone", 1.0])
def test_an_unknown_choice_is_refused_with_the_choices(value: Value) -> None:
    with pytest.raises(InvalidAskError, match="one of wood, metal, got"):
        STUFF.checked(value)


def test_a_long_wrong_value_is_not_said_in_full() -> None:
    with pytest.raises(InvalidAskError) as refusal:
        STUFF.checked("x" * 10_000)
    assert len(str(refusal.value)) < 200


def test_settings_come_after_defaults_and_later_ones_win() -> None:
    assert DRUM.resolved()["size_m"] == 1.0
    assert DRUM.resolved(DRUM.preset("small").parameters)["size_m"] == 0.2
    resolved = DRUM.resolved(DRUM.preset("small").parameters, {"size_m": 5.0, "stuff": "metal"})
    assert (resolved["size_m"], resolved["stuff"]) == (5.0, "metal")


def test_every_parameter_has_a_value_those_of_every_effect_too() -> None:
    assert set(DRUM.resolved()) == {"size_m", "stuff", "gain_db", "brightness", "distance_m", "width", "place"}


def test_an_unknown_parameter_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        InvalidAskError, match=r"parameters\[colour\]: unknown for drum, which has .*size_m, stuff"
    ):
        DRUM.resolved({"colour": 1.0})


def test_an_unknown_preset_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidAskError, match="drum has no preset 'huge'; it has small"):
        DRUM.preset("huge")


def test_an_unknown_effect_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidAskError, match=r"unknown 'railgun'; there are .*rain"):
        effect_named("railgun")


def test_a_path_names_an_effect_and_maybe_a_preset() -> None:
    rain = EFFECTS["rain"]
    assert effect_named("rain") == (rain, None)
    assert effect_named(f"rain/{rain.presets[0].name}") == (rain, rain.presets[0])


@pytest.mark.parametrize("effect_id", EFFECTS)
def test_controls_that_move_by_ratio_never_reach_nought(effect_id: str) -> None:
    for parameter in EFFECTS[effect_id].every_parameter:
        if isinstance(parameter, Number):
            assert parameter.minimum <= parameter.default <= parameter.maximum
            assert parameter.curve == "linear" or parameter.minimum > 0.0, parameter.name
