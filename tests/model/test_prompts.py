"""From words to effects: what people type, what it becomes, and what is refused."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swash_model.errors import UnknownSoundError
from swash_model.procedural.catalogue import EFFECTS, effect_named
from swash_model.procedural.effect import Number
from swash_model.procedural.engine import ProceduralEngine
from swash_model.procedural.prompt import PLAYABLE, SURE, Understood, understand
from swash_model.procedural.words.sentence import tokens
from swash_model.procedural.words.vocabulary import ANY, Entry, english, vocabulary_of
from swash_model.spec import Ask, Spec, Value

LABELLED = tomllib.loads((Path(__file__).parents[1] / "data" / "prompts.toml").read_text(encoding="utf-8"))[
    "prompt"
]
INSIDE = [entry for entry in LABELLED if entry["effects"]]
OUTSIDE = [entry for entry in LABELLED if not entry["effects"]]


def effects_of(understood: Understood) -> list[str]:
    return [part.effect_path.partition("/")[0] for part in understood.parts]


def parameters_of(prompt: str, effect: str | None = None) -> Mapping[str, Value]:
    """Return every parameter of the first part, or of the part with this effect."""
    parts = understand(prompt).parts
    named = [effect_named(part.effect_path)[0].id for part in parts]
    part = parts[named.index(effect) if effect else 0]
    instrument, preset = effect_named(part.effect_path)
    return instrument.resolved(preset.parameters if preset else {}, part.parameters)


def number(prompt: str, name: str, effect: str | None = None) -> float:
    value = parameters_of(prompt, effect)[name]
    assert not isinstance(value, str)
    return value


def spec_of(prompt: str) -> Spec:
    return ProceduralEngine().resolve(Ask(prompt=prompt)).spec


def hears(prompt: str, *effects: str) -> bool:
    return effects_of(understand(prompt)) == list(effects)


def is_refused(prompt: str) -> bool:
    return not understand(prompt).parts


# ---- The labelled list: docs/reference/prompts.md says how it was made.


def test_prompts_of_the_labelled_list_become_the_right_effects() -> None:
    right = [entry for entry in INSIDE if _is_right(entry)]
    assert len(right) / len(INSIDE) >= 0.95


def test_prompts_outside_the_catalogue_are_refused() -> None:
    refused = [entry for entry in OUTSIDE if is_refused(entry["text"])]
    assert len(refused) / len(OUTSIDE) >= 0.95


def test_hardly_any_prompt_becomes_a_wrong_sound_that_is_sure_of_itself() -> None:
    wrong = [entry for entry in LABELLED if not _is_right(entry) and understand(entry["text"]).confidence >= SURE]
    assert len([entry for entry in wrong if not entry["effects"]]) / len(OUTSIDE) <= 0.02
    assert len(wrong) / len(LABELLED) <= 0.03


def test_surfaces_and_materials_of_the_labelled_list_are_heard() -> None:
    for entry in INSIDE:
        if "parameters" in entry and _is_right(entry):
            heard = parameters_of(entry["text"])
            assert {name: heard[name] for name in entry["parameters"]} == entry["parameters"], entry["text"]


def _is_right(entry: dict[str, Any]) -> bool:
    got, expected = effects_of(understand(entry["text"])), entry["effects"]
    return set(got) == set(expected) and got[:1] == expected[:1]


# ---- The lexicon against the catalogue.


def every_entry() -> dict[int, tuple[str, Entry]]:
    return {id(entry): (" ".join(words), entry) for words, entry in english().entries.items()}


def test_every_effect_that_the_lexicon_names_exists() -> None:
    for said, entry in every_entry().values():
        named = {*entry.sounds, *entry.presets, *entry.changes, *entry.absorbed_by} - {ANY}
        assert named <= set(EFFECTS), said
    assert set(english().examples) == set(EFFECTS)


def test_every_preset_that_the_lexicon_names_exists() -> None:
    for _, entry in every_entry().values():
        for effect, preset in entry.presets.items():
            EFFECTS[effect].preset(preset)


def test_every_parameter_that_the_lexicon_changes_exists_and_stays_in_range() -> None:
    distance = english().at_distance(100.0)
    for said, entry in [*every_entry().values(), ("100 m", distance)]:
        for effect, changes in entry.changes.items():
            for instrument in EFFECTS.values() if effect == ANY else (EFFECTS[effect],):
                for name, change in changes.items():
                    parameter = instrument.parameter(name)
                    if change.kind == "set":
                        parameter.checked(change.value)
                    else:
                        assert isinstance(parameter, Number), (said, name)


def test_every_word_of_the_lexicon_can_be_typed() -> None:
    for words in english().entries:
        assert tuple(tokens(" ".join(words))) == words


def test_a_word_that_is_there_twice_is_an_error() -> None:
    document: dict[str, Any] = {
        "grammar": {"stop": "the, a, the"},
        "adverbs": {},
        "known": {},
        "outside": {},
        "entries": {},
    }
    with pytest.raises(ValueError, match="twice"):
        vocabulary_of(document)


@pytest.mark.parametrize("effect", sorted(english().examples))
def test_what_is_suggested_plays(effect: str) -> None:
    understood = understand(english().examples[effect])
    assert effects_of(understood) == [effect]
    assert understood.confidence >= SURE


# ---- What words do.


def test_a_surface_after_a_preposition_is_what_it_falls_on() -> None:
    assert hears("rain on tin roof", "rain")
    assert parameters_of("rain on tin roof")["surface"] == "metal"
    assert parameters_of("footsteps on wet gravel")["surface"] == "gravel"
    assert number("footsteps on wet gravel", "wetness") > number("footsteps on gravel", "wetness")


def test_the_sea_is_a_surface_under_rain_and_a_sound_beside_it() -> None:
    assert hears("rain on the sea", "rain")
    assert parameters_of("rain on the sea")["surface"] == "water"
    assert hears("rain by the sea", "rain", "ocean_waves")


def test_of_two_materials_the_thing_that_is_struck_comes_first() -> None:
    assert parameters_of("metal pipe dropped on concrete")["material"] == "metal"


def test_phrases_come_before_words() -> None:
    for prompt in ("fire alarm", "fire truck", "wind chimes", "rain stick", "sound wave", "machine gun fire"):
        assert is_refused(prompt), prompt


def test_what_is_negated_is_silent() -> None:
    assert hears("rain without thunder", "rain")
    assert hears("no rain, just wind", "wind")
    assert hears("rain without wind and thunder", "rain")
    assert is_refused("no rain")


def test_a_negated_modifier_changes_nothing() -> None:
    assert parameters_of("not too heavy rain") == parameters_of("rain")


def test_heavy_means_something_else_for_every_effect() -> None:
    assert number("heavy rain", "intensity") > number("rain", "intensity")
    assert number("heavy footsteps", "weight") > number("footsteps", "weight")
    assert number("heavy thud", "size_m") > number("thud", "size_m")
    assert number("heavy wind", "speed_m_s") > number("wind", "speed_m_s")


def test_adverbs_make_modifiers_stronger_and_weaker() -> None:
    slightly, plainly, very = (
        number(prompt, "intensity") for prompt in ("slightly light rain", "light rain", "very light rain")
    )
    assert very < plainly < slightly < number("rain", "intensity")


def test_a_drizzle_stays_one_even_when_it_is_heavy() -> None:
    assert number("heavy drizzle", "intensity") < number("rain", "intensity")


def test_modifiers_stay_with_their_nouns() -> None:
    prompt = "heavy footsteps in light rain"
    assert number(prompt, "weight", "footsteps") > number("footsteps", "weight")
    assert number(prompt, "intensity", "rain") < number("rain", "intensity")


def test_several_sounds_become_layers_and_the_first_is_the_loudest() -> None:
    parts = understand("windy beach with distant thunder").parts
    assert effects_of(understand("windy beach with distant thunder")) == ["ocean_waves", "wind", "thunder"]
    assert parts[0].level_db == 0.0
    assert all(part.level_db <= -6.0 for part in parts[1:])


def test_distance_belongs_to_the_sound_that_is_far() -> None:
    prompt = "windy beach with distant thunder"
    assert number(prompt, "distance_km", "thunder") > number("thunder", "distance_km")
    assert number(prompt, "distance_m", "ocean_waves") == 0.0
    assert number("waves 200 metres away", "distance_m") == 200.0
    assert number("thunder 5 km away", "distance_km") == 5.0


def test_at_most_four_sounds_are_layered() -> None:
    assert len(understand("rain, wind, thunder, waves, fire and a river").parts) == 4


def test_words_for_brightness_tilt_the_sound() -> None:
    assert number("muffled explosion", "brightness") < 0.0 < number("bright explosion", "brightness")


def test_lengths_in_words_and_numbers_are_understood() -> None:
    assert understand("3 seconds of wind").duration_s == 3.0
    assert understand("wind, 2.5s").duration_s == 2.5
    assert understand("half a minute of rain").duration_s == 30.0
    assert understand("ten second rain loop").loop


def test_a_long_whoosh_lasts_and_is_not_cut() -> None:
    assert number("1 second whoosh", "duration_s") == 1.0
    assert understand("1 second whoosh").duration_s is None


def test_walking_goes_on_and_a_single_step_does_not() -> None:
    assert spec_of("footsteps on gravel").endless
    assert spec_of("walking on gravel").endless
    assert not spec_of("a footstep on gravel").endless
    assert not spec_of("one single step on gravel").endless


def test_a_thunderstorm_goes_on_and_a_thunderclap_does_not() -> None:
    assert spec_of("thunderstorm").endless
    assert not spec_of("clap of thunder").endless


def test_a_loop_of_what_ends_by_itself_is_played_once() -> None:
    assert not spec_of("explosion loop").loop


def test_a_loop_that_is_asked_for_beside_the_words_has_a_length_that_loops() -> None:
    spec = ProceduralEngine().resolve(Ask(prompt="three footsteps", loop=True)).spec
    assert spec.loop


def test_places_and_people_are_known_but_make_no_sound() -> None:
    understood = understand("a soldier walking in a dark cave at night")
    assert effects_of(understood) == ["footsteps"]
    assert understood.unknown_words == ()


# ---- What is not there.


def test_a_refusal_says_what_was_not_understood_and_what_to_try() -> None:
    with pytest.raises(UnknownSoundError) as caught:
        ProceduralEngine().resolve(Ask(prompt="glorping frumious bandersnatch"))
    assert caught.value.unknown_words == ("glorping", "frumious", "bandersnatch")
    assert len(set(caught.value.suggestions)) == 3


def test_a_misspelt_word_is_not_guessed_but_suggested() -> None:
    understood = understand("thundr")
    assert understood.parts == ()
    assert understood.suggestions[0] == english().examples["thunder"]


def test_the_animal_in_the_rain_is_not_answered_with_rain() -> None:
    for prompt in ("dog in the rain", "a horse galloping through mud", "birds chirping in the wind"):
        assert is_refused(prompt), prompt


def test_half_an_answer_is_flagged() -> None:
    understood = understand("rain with birds chirping")
    assert effects_of(understood) == ["rain"]
    assert understood.low_confidence


def test_dripping_and_rolling_and_other_verbs_alone_are_no_sounds() -> None:
    for prompt in ("dripping", "howling", "roar", "splash", "quiet", "wooden", "3 seconds", "gravel"):
        assert is_refused(prompt), prompt


@pytest.mark.parametrize(
    "prompt", ["", " ", "🌧️🌊🔥", "\x00\x01\x1b[2J", "?!…", "12345", "rain " * 500, "x" * 5000, "pluie sur le toit"]
)
def test_what_holds_no_words_is_refused_like_any_other_prompt(prompt: str) -> None:
    with pytest.raises(UnknownSoundError):
        understand(prompt).raise_unless_playable()


def test_emoji_and_file_names_do_not_hide_words() -> None:
    assert hears("🌧️ RAIN_on_tin-roof!!", "rain")
    assert parameters_of("🌧️ RAIN_on_tin-roof!!")["surface"] == "metal"


WORDS = sorted({word for words in english().entries for word in words})


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)))
@example("-1 seconds of rain loop")
@example("0 seconds of wind")
@example("9" * 400 + " seconds of looping thunder")
@example("٣ seconds of rain")
@example("½ second whoosh")
@example("extremely " * 30 + "heavy rain")
def test_any_text_is_a_sound_or_is_refused(text: str) -> None:
    understood = understand(text)
    assert 0.0 <= understood.confidence <= 1.0
    assert bool(understood.parts) == (understood.confidence >= PLAYABLE)
    if not understood.parts:
        assert len(set(understood.suggestions)) == 3
        return
    spec = spec_of(text)
    assert 1 <= len(spec.layers) <= 4
    for layer in spec.layers:
        for name, value in layer.parameters:
            EFFECTS[layer.effect].parameter(name).checked(value)
