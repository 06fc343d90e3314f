from typing import Any

import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_client import InvalidRequestError
from tests.clients.python.scripted import Scripted, play, whole_take


@pytest.fixture(autouse=True)
def answer(scripted: Scripted) -> None:
    scripted.scripts = [play(*whole_take())]


async def test_what_is_not_asked_is_absent(scripted: Scripted, client: Any) -> None:
    await client.render("rain", seed=None, parameters=None)
    sent = {field.name for field, _ in scripted.requests[0].ListFields()}
    assert sent == {"prompt", "encoding", "takes"}


async def test_every_wish_reaches_the_server(scripted: Scripted, client: Any) -> None:
    wishes = {
        "engine": "procedural",
        "duration_s": 2.5,
        "seed": 2**32 - 1,
        "object_seed": 0,
        "loop": True,
        "sample_rate": 44_100,
        "channels": 1,
        "loudness_lufs": -23.0,
        "ceiling_dbtp": -3.0,
        "trim": False,
    }
    await client.render(effect="rain/tin_roof", parameters={"rate": np.float32(3), "roof": "tin"}, **wishes)
    request = scripted.requests[0]
    assert {name: getattr(request, name) for name in wishes} == wishes
    assert request.HasField("object_seed")
    assert request.HasField("trim")
    assert request.effect == "rain/tin_roof"
    assert request.parameters["rate"].number == 3
    assert request.parameters["roof"].choice == "tin"


async def test_every_neural_wish_reaches_the_server(scripted: Scripted, client: Any) -> None:
    wishes = {
        "steps": 4,
        "guidance": 3.5,
        "negative_prompt": "birds",
        "init_key": "ab" * 32,
        "init_noise_level": 0.5,
        "short_window": True,
        "fallback": True,
    }
    await client.render("thunder", engine="stable_audio", loop_method="crossfade", **wishes)
    request = scripted.requests[0]
    assert {name: getattr(request, name) for name in wishes} == wishes
    assert request.loop_method == pb.LOOP_METHOD_CROSSFADE


@pytest.mark.parametrize(
    "wishes, field",
    [
        ({}, "prompt"),
        ({"prompt": "rain", "effect": "rain"}, "prompt"),
        ({"prompt": "rain", "seed": -1}, "seed"),
        ({"prompt": "rain", "seed": 2**32}, "seed"),
        ({"prompt": "rain", "duration_s": "long"}, "duration_s"),
        ({"prompt": "rain", "parameters": {"rate": None}}, "number"),
        ({"prompt": "rain", "encoding": "flac"}, "encoding"),
        ({"prompt": "rain", "steps": -1}, "steps"),
        ({"prompt": "rain", "loop_method": "tape"}, "loop_method"),
        ({"prompt": "rain", "init_audio": b"RIFF", "init_key": "ab" * 32}, "init_audio"),
        ({"prompt": "rain", "init_audio": b""}, "init_audio"),
    ],
)
async def test_what_cannot_be_said_is_refused_before_it_is_sent(
    scripted: Scripted, client: Any, wishes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.render(**wishes)
    assert [violation.field for violation in caught.value.violations] == [field]
    assert not scripted.requests


async def test_a_misspelt_keyword_is_a_type_error(client: Any) -> None:
    with pytest.raises(TypeError, match="lop"):
        await client.render("rain", lop=True)


async def test_samples_are_not_asked_for_as_a_file(client: Any) -> None:
    with pytest.raises(InvalidRequestError, match="flac"):
        await client.render_file("rain", encoding="pcm_s16le")


async def test_every_call_has_a_deadline(scripted: Scripted, client: Any) -> None:
    await client.render("rain")
    await client.effects()
    await client.resolve("rain")
    await client.server_info()
    assert all(left_s < 61 for left_s in scripted.times_left_s)  # gRPC rounds up; without one it is centuries


async def test_a_call_may_set_its_own_deadline(scripted: Scripted, client: Any) -> None:
    await client.render("rain", timeout_s=20)
    await client.effects(timeout_s=20)
    assert all(left_s < 21 for left_s in scripted.times_left_s)
