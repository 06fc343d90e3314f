"""What a manifest may say, what is said of one that is wrong, and that its schema says the same."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from swash.v1 import sound_pb2 as pb
from swash_model.errors import InvalidAskError
from swash_server import wire
from swash_server.errors import InvalidManifestError, status_of
from swash_server.formats.encode import Encoding
from swash_server.manifests import manifest
from swash_server.manifests.manifest_fields import ASKED, OF_A_SOUND, Choice, Flag, Number, Text, Values
from swash_server.manifests.manifest_text import MAX_BYTES

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "docs" / "examples" / "beach.yaml").read_text()
VALIDATOR = jsonschema.Draft202012Validator(manifest.schema())

NOT_IN_A_MANIFEST = {"first_frame", "priority"}  # of a stream that broke
KINDS = {
    FieldDescriptor.TYPE_STRING: Text,
    FieldDescriptor.TYPE_BYTES: Text,  # the path of a file
    FieldDescriptor.TYPE_DOUBLE: Number,
    FieldDescriptor.TYPE_UINT32: Number,
    FieldDescriptor.TYPE_BOOL: Flag,
    FieldDescriptor.TYPE_ENUM: Choice,
    FieldDescriptor.TYPE_MESSAGE: Values,
}


def wrong(text: str) -> list[str]:
    """Return the lines that a manifest is refused with."""
    with pytest.raises(InvalidManifestError) as error:
        manifest.read(text)
    return str(error.value).splitlines()


def one(**sound: Any) -> str:
    return json.dumps({"swash": 1, "sounds": [{"effect": "rain", **sound}]})


def test_every_field_of_a_request_can_be_said_and_no_other() -> None:
    fields = {field.name: field for field in pb.RenderRequest.DESCRIPTOR.fields}
    assert ASKED.keys() == fields.keys() - NOT_IN_A_MANIFEST
    for name, said in ASKED.items():
        assert isinstance(said, KINDS[fields[name].type]), name
        if isinstance(said, Number):
            assert said.whole == (fields[name].type == FieldDescriptor.TYPE_UINT32), name


def test_every_encoding_and_loop_method_of_the_contract_can_be_said() -> None:
    for name, prefix, enum in (
        ("encoding", "ENCODING_", pb.Encoding.DESCRIPTOR),
        ("loop_method", "LOOP_METHOD_", pb.LoopMethod.DESCRIPTOR),
    ):
        names = {value.name.removeprefix(prefix).lower() for value in enum.values} - {"unspecified"}
        said = ASKED[name]
        assert isinstance(said, Choice)
        assert set(said.choices) == names


@pytest.mark.parametrize("name", [name for name, said in ASKED.items() if isinstance(said, Number)])
def test_a_number_is_refused_where_the_server_refuses_it_and_in_the_same_words(name: str) -> None:
    said = ASKED[name]
    assert isinstance(said, Number)
    step = 1 if said.whole else 0.01

    def served(value: float) -> str | None:
        request = pb.RenderRequest(effect="rain", init_key="ab" * 32)
        try:
            setattr(request, name, value)
            wire.wanted(request)
        except InvalidAskError as error:
            return error.problem
        except ValueError:  # the contract cannot even say it
            return "nothing"
        return None

    for value in (said.minimum, said.maximum, said.minimum - step, said.maximum + step, said.minimum + step):
        told = served(value)
        if told == "nothing" or said.maximum == 2**32 - 1:
            assert (said.problem(value) is None) == (told is None)
        else:
            assert said.problem(value) == told, value


@pytest.mark.parametrize("name", OF_A_SOUND)
def test_the_schema_and_the_reader_agree_on_every_value(name: str) -> None:
    said = OF_A_SOUND[name]
    validator = jsonschema.Draft202012Validator(said.schema())
    values: list[Any] = [
        0, 1, 2, 3, 0.5, -1, -1.5, 8000, 7999, 96_000, 96_001, 120, 120.5, 10.0**9, 1.5, True, False, "", "rain",
        "wav", "mp3", "latents", "a_b", "RAINMetl", "lower", "x" * 24, "x" * 25, "x" * 100, "x" * 101, "x" * 1000,
        "x" * 1001, [], {}, {"intensity": 0.5, "surface": "metal"}, {"a": []}, {"a": None},
        {str(number): 1 for number in range(65)},
    ]  # fmt: skip
    for value in values:
        assert validator.is_valid(value) == (said.problem(value) is None), (value, said.problem(value))


def test_the_example_is_right_by_the_schema_and_by_the_reader() -> None:
    import yaml

    VALIDATOR.validate(yaml.safe_load(EXAMPLE))
    jsonschema.Draft202012Validator.check_schema(manifest.schema())
    beach = manifest.read(EXAMPLE)
    assert beach.tag == "beach"
    assert beach.sounds[3].request.takes == 3
    assert beach.sounds[3].request.parameters["weight"].number == 0.4
    assert {sound.request.sample_rate for sound in beach.sounds} == {44_100, 48_000}
    assert all(sound.request.HasField("seed") for sound in beach.sounds)


def test_yaml_and_json_say_the_same() -> None:
    import yaml

    assert manifest.read(json.dumps(yaml.safe_load(EXAMPLE))) == manifest.read(EXAMPLE)


def test_what_a_sound_says_goes_before_the_defaults_and_null_unsays_one() -> None:
    said = manifest.read("""
swash: 1
defaults: {prompt: rain, duration_s: 3, parameters: {place: cave, width: 0.5}, encoding: wav, loop: true}
sounds:
  - {}
  - {effect: wind, duration_s: null, parameters: {width: 0.1}, loop: false}
""")
    first, second = (sound.request for sound in said.sounds)
    assert (first.prompt, first.duration_s, first.loop) == ("rain", 3, True)
    assert (second.prompt, second.effect, second.HasField("duration_s"), second.loop) == ("", "wind", False, False)
    assert second.encoding == wire.WIRE_ENCODINGS[Encoding.WAV]
    assert second.parameters["place"].choice == "cave"
    assert second.parameters["width"].number == 0.1


def test_every_wrong_line_is_named_with_its_range_and_what_was_got() -> None:
    assert wrong("""
swash: 1
creator: S_H
defaults: {sample_rate: 5, durations: 3}
sounds:
  - {name: a, prompt: rain, duration_s: 500, seed: -1, channels: 1.5}
  - {name: a, effect: rain}
  - {name: a, effect: rain}
  - {effect: rain, encoding: ogg_opus, sample_rate: 44100}
  - {prompt: x, effect: y}
  - {}
  - 5
  - {prompt: rain, loop: "yes", parameters: {place: [1]}}
  - {prompt: "a\\0b", sample_rates: 3, fx_name: a_b}
""") == [
        "creator: letters, digits and - only, got 'S_H'",
        "defaults.sample_rate: 8000 to 96000, got 5",
        "defaults.durations: no such field, perhaps duration_s",
        "sounds[0].duration_s: above 0 and at most 120, got 500",
        "sounds[0].seed: 0 to 4294967295, got -1",
        "sounds[0].channels: a whole number, 1 to 2, got 1.5",
        "sounds[1].name: each once, got 'a', which sounds[0] has",
        "sounds[2].name: each once, got 'a', which sounds[0] has",
        "sounds[3].sample_rate: Opus knows only 8000, 12000, 16000, 24000, 48000, got 44100; 48000 fits most",
        "sounds[4]: prompt or effect, got both",
        "sounds[5]: a prompt or an effect, got neither",
        "sounds[6]: names and values, got 5",
        "sounds[7].loop: true or false, got 'yes'",
        "sounds[7].parameters: a number or a choice of each, got 'place': a list",
        "sounds[8].sample_rates: no such field, perhaps sample_rate",
        "sounds[8].fx_name: no _ / \\ : * ? \" < > |, got 'a_b'",
    ]  # fmt: skip


def test_no_more_than_twenty_wrong_lines_are_told() -> None:
    lines = wrong("swash: 1\nsounds:\n" + "- {}\n" * 10_000)
    assert len(lines) == 21
    assert lines[-1] == "and perhaps more"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 to 1048576 bytes"),
        ("# nothing\n", "nothing but comments"),
        ("[1]", "got a list"),
        ("swash: 2\nsounds: [{effect: rain}]", "swash: 1, got 2"),
        ("sounds: [{effect: rain}]", "swash: the format's version, 1, got none"),
        ("swash: 1", "a list of 1 to 10000 sounds, got nothing"),
        ("swash: 1\nsounds: []", "a list of 1 to 10000 sounds, got 0"),
        ("swash: 1\nsounds: &all [{effect: rain}]\ndefaults: *all", "line 2: no anchors"),
        ("swash: 1\nsounds: *all", "line 2: no anchors"),
        ("!!python/object/apply:os.system [ls]", "line 1: no tags"),
        ("swash: !!int 1\nsounds: []", "line 1: no tags"),
        ("swash: 1\nswash: 1", "line 2: each name once, got 'swash'"),
        ('{"swash": 1, "swash": 1}', "each name once"),
        ('{"swash": 1, "sounds": [{"effect": "rain", "duration_s": NaN}]}', "finite numbers, got NaN"),
        ('{"swash": 1, "tag": "\\ud800", "sounds": []}', "whole characters"),
        ("swash: 1\nsounds:\n- effect: a: b", "line 3, column 12"),
        ("swash: 1\n---\nswash: 1", "one document"),
        ("? [a]\n: b", "names before the colons"),
        ("[" * 100_000, "inside each other"),
        ('{"a":' * 100_000, "inside each other"),
        ("- " * 100_000, "inside each other"),
        ("swash: 1\nsounds:\n- {effect: rain, seed: " + "9" * 100_000 + "}", "0 to 4294967295"),
        ("a" * (MAX_BYTES + 1), "got 1048577"),
        ("swash: 1\nsounds: [{effect: rain, duration_s: 1e999}]", "got inf"),
        ("\x00", "manifest"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_manifest_is_refused_and_harms_nobody(text: str, said: str) -> None:
    assert said in "\n".join(wrong(text))


def test_plain_words_stay_words() -> None:
    said = manifest.read("swash: 1\nsounds: [{name: no, effect: rain, parameters: {surface: on}}]")
    assert said.sounds[0].name == "no"
    assert said.sounds[0].request.parameters["surface"].choice == "on"


def test_too_many_takes_are_refused() -> None:
    assert wrong("swash: 1\nsounds:\n" + "- {effect: rain, takes: 32}\n" * 313) == [
        "sounds: at most 10000 takes of all, got 10016"
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_manifest_is_read_or_refused_and_its_refusal_fits_a_call(data: st.DataObject) -> None:
    text = EXAMPLE if data.draw(st.booleans()) else one(takes=3, parameters={"intensity": 0.5})
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(st.text(max_size=6)) + text[end:]
    refused = None
    try:
        manifest.read(text)
    except InvalidManifestError as error:
        refused = error
    assert refused is None or (str(refused) and status_of(refused).ByteSize() < 6000)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*OF_A_SOUND, "other"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.none())
        ),
        max_size=6,
    )
)  # fmt: skip
def test_any_value_of_any_field_is_read_or_refused(sound: dict[str, Any]) -> None:
    try:
        read = manifest.read(json.dumps({"swash": 1, "sounds": [sound]}))
    except InvalidManifestError:
        return
    assert VALIDATOR.is_valid({"swash": 1, "sounds": [sound]})
    wire.wanted(read.sounds[0].request)
