from typing import Any

from swash.v1 import sound_pb2 as pb
from swash_client import Loop, Parameter
from swash_client.wire import header_of, resolution_of


async def test_effects_come_with_all_an_inspector_needs(client: Any) -> None:
    (effect,) = await client.effects()
    assert (effect.id, effect.kind, effect.version) == ("footsteps", "either", 3)
    force, surface = effect.parameters
    assert force == Parameter("force", "", "N", 1, 9, 4, "unspecified", (), live=True)
    assert (surface.choices, surface.default) == (("gravel", "snow"), "snow")
    assert effect.presets[0].parameters == {"force": 9}


async def test_a_prompt_that_means_nothing_resolves_to_suggestions(client: Any) -> None:
    resolution = await client.resolve("qqq www")
    assert resolution.layers == ()
    assert resolution.unknown_words == ("qqq", "www")
    assert resolution.suggestions == ("rain", "wind")
    assert resolution.duration_s is None


async def test_a_server_tells_what_it_is(client: Any) -> None:
    info = await client.server_info()
    assert [(engine.name, engine.state) for engine in info.engines] == [("procedural", "warming_up")]
    assert info.encodings == ("ogg_opus",)
    assert info.uptime_s == 2.5


def test_layers_carry_numbers_and_choices() -> None:
    parameters = {"size": pb.ParameterValue(number=2), "roof": pb.ParameterValue(choice="tin")}
    layer = pb.Layer(effect="rain", preset="tin_roof", parameters=parameters, level_db=-6)
    resolution = resolution_of(pb.ResolvePromptResponse(layers=[layer], duration_s=3))
    assert resolution.layers[0].parameters == {"roof": "tin", "size": 2}
    assert resolution.duration_s == 3


def test_a_header_tells_absent_from_zero() -> None:
    assert header_of(pb.Header()).frames is None
    assert header_of(pb.Header()).loop is None
    header = header_of(pb.Header(frames=0, loop=pb.Loop(start_frame=0, end_frame=9)))
    assert header.frames == 0
    assert header.loop == Loop(0, 9)


def test_a_name_newer_than_the_client_is_its_number() -> None:
    newer = pb.Header.FromString(b"\x70\x63")  # field 14, `cached`, 99
    assert header_of(newer).cached == "99"
    assert header_of(pb.Header(cached=pb.CACHED_STORE)).cached == "store"
