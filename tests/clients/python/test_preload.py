import json
from pathlib import Path
from typing import Any

import pytest

from swash.v1 import sound_pb2 as pb
from swash_client import (
    AsyncClient,
    Client,
    InvalidRequestError,
    OverloadedError,
    PreloadedTake,
    PreloadProgress,
    Progress,
    UnknownTagError,
    Unloaded,
)
from tests.clients.python.scripted import Scripted
from tests.serving import ServerProcess, rendered

LEVEL = "swash: 1\ntag: level\nsounds:\n- {effect: ui_click, takes: 2, seed: 7}\n- {name: hit, effect: impact}\n"


async def events_of(client: Any, *arguments: Any, **keywords: Any) -> list[PreloadedTake | PreloadProgress]:
    """Preload with either client, and return what it tells."""
    if isinstance(client, AsyncClient):
        return [event async for event in client.preload(*arguments, **keywords)]
    events = await client.preload(*arguments, **keywords)
    return list(events)


async def test_what_becomes_of_takes_is_told_in_types(client: Any) -> None:
    assert await events_of(client, LEVEL) == [
        PreloadProgress(2, 0, 0, "surf", Progress(take=0, queue_position=0, step=1, steps=4)),
        PreloadedTake(2, 1, 0, "surf", 0, "ab", 3, 10, "store", ""),
        PreloadedTake(2, 2, 1, "", 0, "", 0, 0, "unspecified", "no room"),
    ]
    assert await client.unload("four") == Unloaded(takes=4, stored_bytes=1000)


async def test_a_manifest_is_a_path_or_a_text_or_requests(scripted: Scripted, client: Any, tmp_path: Path) -> None:
    path = tmp_path / "level.yaml"
    path.write_text(LEVEL)
    as_json = json.dumps({"swash": 1, "sounds": [{"effect": "rain"}]})
    for manifest in (path, str(path), LEVEL, as_json):
        await events_of(client, manifest)
    assert [request.manifest for request in scripted.preloads] == [LEVEL, LEVEL, LEVEL, as_json]
    asked = [
        {"prompt": "rain", "seed": 3, "encoding": "flac"},
        {"effect": "footsteps", "takes": 5, "parameters": {"weight": 0.5}},
    ]
    await events_of(client, asked, tag="bare")
    sent = scripted.preloads[-1]
    assert sent.tag == "bare"
    first, second = sent.sounds.sounds
    assert (first.prompt, first.seed, first.encoding) == ("rain", 3, pb.ENCODING_FLAC)
    assert (second.effect, second.takes, second.parameters["weight"].number) == ("footsteps", 5, 0.5)
    assert not second.HasField("seed")


async def test_a_manifest_that_cannot_be_read_is_told_before_anything_is_sent(
    scripted: Scripted, client: Any, tmp_path: Path
) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"tag: \xe9\n")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    for manifest, said in (
        (tmp_path / "nowhere.yaml", "No such file"),
        (tmp_path / "latin.yaml", "utf-8"),
        (tmp_path / "huge.yaml", "at most 1048576 bytes"),
        ([{"prompt": "rain", "effect": "rain"}], "exactly one of prompt and effect"),
        ([{"prompt": "rain", "encoding": "mp3"}], "got 'mp3'"),
    ):
        with pytest.raises(InvalidRequestError, match=said):
            await events_of(client, manifest)
    assert scripted.preloads == []


def test_a_server_keeps_what_was_preloaded_until_it_is_unloaded(server: ServerProcess) -> None:
    with Client(server.address) as client:
        takes = [event for event in client.preload(LEVEL) if isinstance(event, PreloadedTake)]
        assert {(take.name, take.seed) for take in takes} == {("", 7), ("", 8), ("hit", 0)}
        with server.stub() as stub:
            heard = rendered(stub, pb.RenderRequest(effect="ui_click", seed=8))
        assert heard.header.cached == pb.CACHED_MEMORY
        assert heard.header.key in {take.key for take in takes}
        assert client.unload("level").takes == 3
        with pytest.raises(UnknownTagError, match="level"):
            client.unload("level")


async def test_the_async_client_stops_the_work_by_leaving(server: ServerProcess) -> None:
    many = [{"effect": "rain", "duration_s": 3.0, "seed": seed} for seed in range(900, 960)]
    async with AsyncClient(server.address) as client:
        events = client.preload(many, tag="many")
        first = await anext(events)
        await events.aclose()
        gone = await client.unload("many")
    assert isinstance(first, PreloadedTake)
    assert 1 <= gone.takes < 60


def test_every_wrong_line_reaches_the_caller(server: ServerProcess) -> None:
    wrong = "swash: 1\nsounds:\n- {effect: rain, duration_s: 500}\n- {effect: rain, seed: -1}\n"
    with Client(server.address) as client, pytest.raises(InvalidRequestError) as error:
        list(client.preload(wrong, tag="wrong"))
    assert [(violation.field, violation.description) for violation in error.value.violations] == [
        ("sounds[0].duration_s", "above 0 and at most 120, got 500"),
        ("sounds[1].seed", "0 to 4294967295, got -1"),
    ]


def test_pins_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--max-pinned-mib=1") as small, Client(small.address) as client:
        with pytest.raises(OverloadedError) as error:
            list(client.preload([{"effect": "rain", "duration_s": 30.0}], tag="long"))
        assert error.value.retry_after_s is None  # waiting does not help
