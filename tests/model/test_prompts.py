"""From words to effects: what people type, what it becomes, and what is refused."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swash_model.errors import UnknownSoundError
from swash_model.procedural import words
from swash_model.procedural.catalogue import EFFECTS, effect_named
from swash_model.procedural.effect import Number
from swash_model.procedural.engine import ProceduralEngine
from swash_model.procedural.prompt import PLAYABLE, SURE, Understood, english_of, understand
from swash_model.procedural.words.phrasebook import LANGUAGES, STEM, normal, phrasebook, phrasebook_of, rows
from swash_model.procedural.words.pieces import SPACED_TOKEN
from swash_model.procedural.words.sentence import tokens
from swash_model.procedural.words.vocabulary import ANY, Entry, english, one_slip, vocabulary_of
from swash_model.spec import Ask, Spec, Value

DATA = Path(__file__).parents[1] / "data"
LEXICONS = Path(words.__file__).parent / "lexicon"
LISTS = ("prompts_tuning.toml", "prompts_frozen.toml")  # the second was never used for tuning


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


# ---- The labelled lists: docs/reference/prompts.md says how they were made.


def labelled(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads((DATA / name).read_text(encoding="utf-8"))["prompt"]
    return entries


def is_right(entry: dict[str, Any]) -> bool:
    """Tell whether the same effects are heard, and the same one first, as in an answer that is given."""
    heard = effects_of(understand(entry["text"]))
    answers = [entry["effects"], *entry.get("also", [])]
    return any(set(heard) == set(answer) and heard[:1] == answer[:1] for answer in answers)


@pytest.mark.parametrize("name", LISTS)
def test_prompts_of_the_labelled_lists_become_the_right_effects(name: str) -> None:
    inside = [entry for entry in labelled(name) if entry["effects"]]
    assert sum(map(is_right, inside)) / len(inside) >= 0.95


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_understood(name: str, language: str) -> None:
    entries = [entry for entry in labelled(name) if entry.get("language") == language]
    assert sum(map(is_right, entries)) / len(entries) >= 0.85


@pytest.mark.parametrize("name", LISTS)
def test_prompts_outside_the_catalogue_are_refused(name: str) -> None:
    outside = [entry for entry in labelled(name) if not entry["effects"]]
    assert sum(map(is_right, outside)) / len(outside) >= 0.95


@pytest.mark.parametrize("name", LISTS)
def test_hardly_any_prompt_becomes_a_wrong_sound_that_is_sure_of_itself(name: str) -> None:
    entries = labelled(name)
    wrong = [entry for entry in entries if understand(entry["text"]).confidence >= SURE and not is_right(entry)]
    outside = [entry for entry in entries if not entry["effects"]]
    assert len([entry for entry in wrong if not entry["effects"]]) / len(outside) <= 0.03
    assert len(wrong) / len(entries) <= 0.03


@pytest.mark.parametrize("name", LISTS)
def test_surfaces_materials_and_places_of_the_labelled_lists_are_heard(name: str) -> None:
    entries = [entry for entry in labelled(name) if "parameters" in entry and "also" not in entry]
    right = [entry for entry in entries if entry["effects"] and is_right(entry)]
    heard = [entry for entry in right if entry["parameters"].items() <= dict(parameters_of(entry["text"])).items()]
    assert len(heard) / len(right) >= 0.9


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
    for said in english().entries:
        assert tuple(tokens(" ".join(said))) == said


def test_a_word_that_is_there_twice_is_an_error() -> None:
    theme: dict[str, Any] = {"grammar": {"stop": "the, a"}, "adverbs": {}, "known": {}, "outside": {}}
    other: dict[str, Any] = {"entries": [{"say": "a, an"}]}
    with pytest.raises(ValueError, match="twice"):
        vocabulary_of(theme, other)
    with pytest.raises(ValueError, match="twice"):
        phrasebook_of("es", {"grammar": {"stop": "que"}, "words": {"any": {"rain": "qué"}}})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_other_languages_means_something_in_english(language: str) -> None:
    document = tomllib.loads((LEXICONS / f"{language}.toml").read_text(encoding="utf-8"))
    for said, piece in rows(document):
        if piece.kind == "word":
            words = piece.english.split()
            assert tokens(piece.english) == words, (said, piece.english)
            assert understand(piece.english).unknown_words == (), (said, piece.english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_effect_has_a_name_in_every_language(language: str) -> None:
    document = tomllib.loads((LEXICONS / f"{language}.toml").read_text(encoding="utf-8"))
    named: set[str] = set()
    for _, piece in rows(document):
        entry, length = english().longest_match(piece.english.split() or [""])
        if entry and length == len(piece.english.split()):
            named |= {effect for effect, weight in entry.sounds.items() if weight >= 0.7}
    assert named == set(EFFECTS)


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
    for prompt in ("wind chimes", "rain stick", "sound wave", "laser printer", "door bell", "wave of applause"):
        assert is_refused(prompt), prompt
    assert hears("fire alarm", "siren_alarm")
    assert hears("machine gun fire", "gunshot")


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
    parts = understand("rain, wind, fire and a river").parts
    levels_db = [part.level_db for part in parts]
    assert levels_db[0] == 0.0
    assert levels_db == sorted(levels_db, reverse=True)
    assert levels_db[1] <= -3.0


def test_distance_belongs_to_the_sound_that_is_far() -> None:
    prompt = "windy beach at night with distant thunder and gulls"
    assert hears(prompt, "ocean_waves", "wind", "thunder", "birds")
    assert number(prompt, "distance_km", "thunder") > number("thunder", "distance_km")
    assert number(prompt, "distance_m", "ocean_waves") == 0.0
    assert number(prompt, "distance_m", "birds") == 0.0
    assert number("waves 200 metres away", "distance_m") == 200.0
    assert number("thunder 5 km away", "distance_km") == 5.0


def test_what_is_far_is_not_made_softer_twice() -> None:
    near, far = (understand(f"rain and {distance} birds").parts[1].level_db for distance in ("", "distant"))
    assert near < far <= 0.0


def test_distance_of_what_no_effect_makes_moves_nothing() -> None:
    assert number("crickets at night and distant wolves", "distance_m", "insects") == 0.0


def test_every_layer_has_its_own_seed_and_adding_one_changes_no_other() -> None:
    alone = ProceduralEngine().resolve(Ask(prompt="rain", seed=7)).spec
    layered = ProceduralEngine().resolve(Ask(prompt="rain and wind", seed=7)).spec
    assert layered.layers[0].parameters == alone.layers[0].parameters


def test_a_place_is_that_of_every_layer() -> None:
    prompt = "footsteps and dripping water in a large hall"
    assert parameters_of(prompt, "footsteps")["place"] == "hall"
    assert parameters_of(prompt, "water_drips")["place"] == "hall"
    assert parameters_of("heartbeat underwater")["place"] == "underwater"
    assert parameters_of("gunshot in a cave")["place"] == "cave"
    assert parameters_of("footsteps indoors")["place"] == "room"
    assert parameters_of("footsteps")["place"] == "open"


def test_an_explosion_under_water_is_one_in_water() -> None:
    values = parameters_of("underwater explosion")
    assert (values["medium"], values["place"]) == ("water", "open")


def test_night_alone_brings_no_crickets() -> None:
    assert hears("footsteps at night", "footsteps")
    assert is_refused("a quiet night")


def test_the_material_of_a_door_is_heard_and_what_it_does() -> None:
    assert parameters_of("metal door closing")["material"] == "metal"
    assert parameters_of("wooden door slams shut")["action"] == "slam"
    assert parameters_of("knocking on the door")["action"] == "knock"


def test_an_old_console_plays_its_own_explosion() -> None:
    assert hears("8-bit explosion", "retro_sfx")
    assert parameters_of("8-bit explosion")["kind"] == "explosion"
    assert parameters_of("retro jump")["kind"] == "jump"
    assert hears("explosion", "explosion")


def test_game_slang_is_understood() -> None:
    assert parameters_of("coin pickup")["kind"] == "coin"
    assert hears("low hp heartbeat", "heartbeat")
    assert hears("amb_waterfall_big_lp", "waterfall")
    assert hears("pew pew", "laser")


def test_species_and_elements_are_chosen() -> None:
    assert parameters_of("an owl at night")["species"] == "owl"
    assert parameters_of("seagulls")["species"] == "gull"
    assert parameters_of("a mosquito")["species"] == "mosquito"
    assert parameters_of("ice spell")["element"] == "ice"


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


# ---- Other languages.


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("铁皮屋顶上的雨", "rain on tin roof"),
        ("没有雷声的大雨", "heavy rain without thunder"),
        ("带着远处雷声的大雨", "heavy rain with distant thunder"),
        ("在雪地上行走", "walking on snow"),
        ("トタン屋根に降る雨", "falling rain on tin roof"),
        ("雷なしの雨", "rain without thunder"),
        ("양철지붕에 떨어지는 비", "falling rain on tin roof"),
        ("천둥 없는 비", "rain without thunder"),
        ("pasos pesados sobre grava", "heavy footsteps on gravel"),
        ("puerta de madera", "wooden door"),
        ("pluie battante sur un toit en tôle", "heavy rain on tin roof"),
        ("Regentropfen auf einem Blechdach", "rain on tin roof"),
        ("Holztür", "wooden door"),
        ("passos na neve", "footsteps in snow"),
        ("шаги по снегу", "footsteps on snow"),
        ("далёкие раскаты грома", "distant rolling thunder"),
    ],
)
def test_other_languages_become_the_english_of_the_same_sound(prompt: str, said: str) -> None:
    assert english_of(prompt) == said
    assert understand(prompt).parts


def test_english_stays_as_it_is() -> None:
    for prompt in ("heavy rain on a tin roof", "a dog barks", "glorping bandersnatch", "", "wind", "motor"):
        assert english_of(prompt) is None, prompt


def test_what_no_lexicon_knows_is_not_put_into_english() -> None:
    for prompt in ("щфывапр йцукен", "魑魅魍魎跋扈", "xyzzy plugh"):
        assert english_of(prompt) is None, prompt


def test_a_sound_that_no_effect_makes_has_english_too() -> None:
    assert english_of("собака лает") == "dog barking"
    assert is_refused("собака лает")


def test_words_that_are_not_understood_are_named_as_they_were_typed() -> None:
    assert understand("Regen auf dem Zwurbel").unknown_words == ("zwurbel",)
    assert understand("雨とヌルポガッ").unknown_words == ("ヌルポガッ",)


def test_accents_may_be_left_out() -> None:
    assert effects_of(understand("explosion lejana")) == effects_of(understand("explosión lejana"))
    assert hears("tur zuschlagen", "door")


def test_parts_of_a_german_compound_are_heard() -> None:
    assert parameters_of("Kiesweg, Schritte")["surface"] == "gravel"
    assert hears("Metalltür", "door")


def test_lengths_and_loops_are_understood_in_other_languages() -> None:
    assert understand("3秒的风声").duration_s == 3.0
    assert understand("10 секунд дождя").duration_s == 10.0
    assert understand("bucle de lluvia").loop


# ---- What is not there.


def test_a_refusal_says_what_was_not_understood_and_what_to_try() -> None:
    with pytest.raises(UnknownSoundError) as caught:
        ProceduralEngine().resolve(Ask(prompt="glorping frumious bandersnatch"))
    assert caught.value.unknown_words == ("glorping", "frumious", "bandersnatch")
    assert len(set(caught.value.suggestions)) == 3


def test_a_slip_of_the_pen_is_forgiven_and_counts_less() -> None:
    for typo, word in (("thundr", "thunder"), ("footstpes", "footsteps"), ("campfier", "campfire")):
        assert effects_of(understand(typo)) == effects_of(understand(word)), typo
        assert understand(typo).confidence < understand(word).confidence


def test_two_slips_are_suggested_and_not_guessed() -> None:
    understood = understand("thunnderr")
    assert understood.parts == ()
    assert understood.suggestions[0] == english().examples["thunder"]


def test_words_that_are_near_to_others_are_not_taken_for_them() -> None:
    for word in ("train", "bread", "flood", "petrol", "stroke", "silence"):
        assert is_refused(word), word


@given(st.text("abcd", min_size=1, max_size=6), st.text("abcd", min_size=1, max_size=6))
def test_a_slip_of_the_pen_is_the_same_in_both_directions(word: str, other: str) -> None:
    assert one_slip(word, other) == one_slip(other, word)


def test_the_animal_in_the_rain_is_not_answered_with_rain() -> None:
    for prompt in ("dog in the rain", "a horse galloping through mud", "wolves howling in the wind"):
        assert is_refused(prompt), prompt


def test_half_an_answer_is_flagged() -> None:
    understood = understand("rain with a dog barking")
    assert effects_of(understood) == ["rain"]
    assert understood.low_confidence


def test_verbs_and_materials_alone_are_no_sounds() -> None:
    for prompt in ("rolling", "howling", "roar", "opening", "quiet", "wooden", "3 seconds", "gravel", "in a cave"):
        assert is_refused(prompt), prompt


@pytest.mark.parametrize("language", [one for one in LANGUAGES if phrasebook(one).writing != "unspaced"])
def test_whatever_a_lexicon_lists_can_be_typed(language: str) -> None:
    document = tomllib.loads((LEXICONS / f"{language}.toml").read_text(encoding="utf-8"))
    for said, _ in rows(document):
        typed = SPACED_TOKEN.findall(normal(said.removesuffix(STEM), language))
        assert phrasebook(language).longest_match(typed)[0] == len(typed), said


@pytest.mark.parametrize(
    "prompt", ["", " ", "🌧️🌊🔥", "\x00\x01\x1b[2J", "?!…", "12345", "rain " * 500, "x" * 5000]
)
def test_what_holds_no_words_is_refused_like_any_other_prompt(prompt: str) -> None:
    with pytest.raises(UnknownSoundError):
        understand(prompt).raise_unless_playable()


def test_emoji_and_file_names_do_not_hide_words() -> None:
    assert hears("🌧️ RAIN_on_tin-roof!!", "rain")
    assert parameters_of("🌧️ RAIN_on_tin-roof!!")["surface"] == "metal"


WORDS = sorted({word for words in english().entries for word in words})
FOREIGN = [
    said
    for language in LANGUAGES
    for said, _ in rows(tomllib.loads((LEXICONS / f"{language}.toml").read_text(encoding="utf-8")))
]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join),
        st.lists(st.sampled_from(FOREIGN), max_size=10).map("".join),
    )
)
@example("-1 seconds of rain loop")
@example("0 seconds of wind")
@example("9" * 400 + " seconds of looping thunder")
@example("٣ seconds of rain")
@example("½ second whoosh")
@example("extremely " * 30 + "heavy rain")
@example("비" * 999)
@example("雨の" * 400)
@example("regen" * 199)
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
