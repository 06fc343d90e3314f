"""The board of a real server: the last sounds, who may read their prompts, and how to ask for them again."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.settings import InvalidSettingError, Settings
from tests.server.hand_engine import HandEngine
from tests.serving import ServerProcess, ServerThread, rendered, takes, until

pytestmark = pytest.mark.xdist_group("board")  # one server, that nobody else asks

SECRET = "heavy rain on a tin roof"


def board(http: str, since: int | str = 0, **headers: str) -> dict[str, Any]:
    """Return what the board tells a reader with these headers; `_` in a name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{http}/dashboard/data?since={since}", headers=named)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["cache-control"] == "no-store"
        told: dict[str, Any] = json.loads(
            answer.read(), parse_constant=lambda name: pytest.fail(f"{name} in JSON")
        )
    return told


def sounds_after(server: ServerProcess, since: int, count: int) -> list[dict[str, Any]]:
    """Return the sounds noted after a number, once there are as many: each is as its call ends."""
    until(lambda: board(server.http)["last"] >= since + count, f"{count} sounds are noted")
    sounds: list[dict[str, Any]] = board(server.http, since)["sounds"]
    assert len(sounds) == count
    return sounds


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server that only the tests of this file ask for sounds."""
    with ServerProcess(tmp_path_factory.mktemp("store"), "--allowed-host=*") as server:
        yield server


def request_of(again: dict[str, Any]) -> pb.RenderRequest:
    """Return what a row says as a request, as the page's client does."""
    fields = dict(again)
    parameters = {
        name: pb.ParameterValue(choice=value) if isinstance(value, str) else pb.ParameterValue(number=value)
        for name, value in fields.pop("parameters", {}).items()
    }
    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): value for name, value in fields.items()}
    return pb.RenderRequest(parameters=parameters, **snake)


def test_a_sound_is_told_with_all_that_made_it(quiet: ServerProcess) -> None:
    since = board(quiet.http)["last"]
    with quiet.stub() as stub:
        request = pb.RenderRequest(prompt=SECRET, seed=7, object_seed=2, duration_s=1.5)
        made, found = rendered(stub, request), rendered(stub, request)
    first, second = sounds_after(quiet, since, 2)
    assert (first["number"], second["number"]) == (since + 1, since + 2)
    assert first["effects"] == ["rain/tin_roof"]
    assert first["prompt"] == SECRET
    assert (first["engine"], first["seed"], first["object_seed"]) == ("procedural", 7, 2)
    assert (first["code"], first["reason"], first["take"]) == ("OK", None, 0)
    assert first["request_id"] == made.header.request_id
    assert (first["cached"], second["cached"]) == ("no", "memory")
    assert first["duration_s"] == 1.5
    assert first["key"] == second["key"] == found.header.key
    assert first["render_ms"] == pytest.approx(made.trailer.render_s * 1000.0)
    assert 0.0 < second["first_frames_ms"] < 60_000.0
    assert abs(first["ended_s"] - board(quiet.http)["now_s"]) < 60.0


ASKED = {
    "one effect from words": pb.RenderRequest(prompt=SECRET, seed=3, duration_s=0.5),
    "several effects from words": pb.RenderRequest(
        prompt="windy beach at night with distant thunder", seed=4, duration_s=0.5
    ),
    "a distant one": pb.RenderRequest(prompt="distant thunder", seed=5, duration_s=0.5),
    "a one-shot of its own length": pb.RenderRequest(prompt="footsteps on gravel", seed=6, object_seed=9),
    "a loop": pb.RenderRequest(prompt="campfire", seed=7, loop=True, duration_s=2.345, sample_rate=44_100),
    "other mastering": pb.RenderRequest(
        effect="wind", seed=8, duration_s=0.5, channels=1, loudness_lufs=-30.0, ceiling_dbtp=-3.0, trim=False
    ),
    "its own parameters": pb.RenderRequest(
        prompt="rain and wind",
        parameters={"intensity": pb.ParameterValue(number=0.123456789)},
        seed=9,
        duration_s=0.5,
    ),
    "in another language": pb.RenderRequest(prompt="铁皮屋顶上的雨", seed=10, duration_s=0.5),
}


@pytest.mark.parametrize("asked", ASKED)
def test_asked_for_again_it_is_the_same_sound(quiet: ServerProcess, asked: str) -> None:
    since = board(quiet.http)["last"]
    with quiet.stub() as stub:
        heard = rendered(stub, ASKED[asked])
        (sound,) = sounds_after(quiet, since, 1)
        again = rendered(stub, request_of(sound["again"]))
    assert again.header.key == heard.header.key == sound["key"]
    assert again.trailer.sha256 == heard.trailer.sha256
    # Words are needed only where one effect does not say it all.
    assert ("prompt" in sound["again"]) == (len(sound["effects"]) > 1)


def test_each_take_is_a_sound_of_its_own(quiet: ServerProcess) -> None:
    since = board(quiet.http)["last"]
    with quiet.stub() as stub:
        answers = takes(stub, pb.RenderRequest(effect="ui_click", seed=2**32 - 1, takes=3))
    sounds = sounds_after(quiet, since, 3)
    assert [sound["take"] for sound in sounds] == [0, 1, 2]
    assert [sound["seed"] for sound in sounds] == [2**32 - 1, 0, 1] == [one.header.seed for one in answers]
    assert len({sound["request_id"] for sound in sounds}) == 1


def test_what_failed_says_why_and_cannot_be_played(quiet: ServerProcess) -> None:
    since = board(quiet.http)["last"]
    with quiet.stub() as stub:
        for request in (
            pb.RenderRequest(prompt="zyxwq ☂", seed=11),
            pb.RenderRequest(effect="x" * 1_000_000),
            pb.RenderRequest(prompt=SECRET, engine=NEURAL_ENGINE),
        ):
            with pytest.raises(grpc.RpcError):
                takes(stub, request)
    nothing, unknown, absent = sounds_after(quiet, since, 3)
    assert (nothing["code"], nothing["prompt"], nothing["seed"]) == ("NOT_FOUND", "zyxwq ☂", 11)
    assert "zyxwq" in nothing["reason"]
    assert unknown["code"] == "INVALID_ARGUMENT"
    assert len(json.dumps(unknown)) < 2000
    assert (absent["code"], absent["engine"]) == ("FAILED_PRECONDITION", NEURAL_ENGINE)
    for sound in (nothing, unknown, absent):
        assert sound["again"] is sound["key"] is sound["duration_s"] is None


def test_a_hundred_sounds_are_kept_and_only_news_is_sent(quiet: ServerProcess) -> None:
    with quiet.stub() as stub:
        for _ in range(4):
            takes(stub, pb.RenderRequest(effect="ui_click", seed=1, takes=32))
    told = board(quiet.http)
    numbers = [sound["number"] for sound in told["sounds"]]
    assert numbers == list(range(told["last"] - 99, told["last"] + 1))
    assert [sound["number"] for sound in board(quiet.http, told["last"] - 2)["sounds"]] == numbers[-2:]
    assert board(quiet.http, told["last"])["sounds"] == []
    assert len(board(quiet.http, told["last"] + 1000)["sounds"]) == 100  # the number is of another run


LOCAL = {
    "a browser or a shell of this machine": {},
    "its page": {"sec_fetch_site": "same-origin"},
    "by the name localhost": {"host": "localhost:8080"},
    "over IPv6": {"host": "[::1]:8080"},
    "an origin that is its own": {"host": "localhost:8080", "origin": "http://localhost:8080"},
}
STRANGERS = {
    "a site whose name was bound to 127.0.0.1": {"host": "evil.example:8080"},
    "a name that begins with localhost": {"host": "localhost.evil.example"},
    "a name that looks like an address": {"host": "127.0.0.1.evil.example"},
    "a Host that cannot be read": {"host": "[::1"},
    "another machine's name": {"host": "192.168.1.7:8080"},
    "another page of this machine": {"origin": "http://localhost:3000"},
    "a site that is allowed to call": {"origin": "https://game.example"},
    "a sandboxed page": {"origin": "null"},
    "a page of another site": {"sec_fetch_site": "cross-site"},
    "a page of another port": {"sec_fetch_site": "same-site"},
    "whoever asks through a proxy": {"x_forwarded_for": "203.0.113.9"},
    "who says to come from here through one": {"x_forwarded_for": "127.0.0.1"},
    "a proxy that says so in another way": {"forwarded": "for=203.0.113.9"},
    "a proxy that names only itself": {"via": "1.1 proxy"},
}


@pytest.mark.parametrize("who", LOCAL)
def test_on_its_own_machine_prompts_are_shown(quiet: ServerProcess, who: str) -> None:
    with quiet.stub() as stub:
        rendered(stub, pb.RenderRequest(prompt=SECRET, seed=3, duration_s=0.5))
    until(lambda: board(quiet.http)["sounds"][-1]["prompt"] == SECRET, "it is noted")
    told = board(quiet.http, **LOCAL[who])
    assert told["prompts"] is True
    assert told["sounds"][-1]["prompt"] == SECRET


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_see_effects_and_seeds_and_no_word_of_a_prompt(quiet: ServerProcess, who: str) -> None:
    with quiet.stub() as stub:
        layered = rendered(stub, pb.RenderRequest(prompt="waves and a fnordling wind", seed=12, duration_s=0.5))
        with pytest.raises(grpc.RpcError):
            takes(stub, pb.RenderRequest(prompt="fnordling", seed=13))
    until(lambda: board(quiet.http)["sounds"][-1]["code"] == "NOT_FOUND", "both are noted")
    assert "fnordling" in json.dumps(board(quiet.http))
    told = board(quiet.http, **STRANGERS[who])
    assert told["prompts"] is False
    assert "fnordling" not in json.dumps(told)
    sound, failed = told["sounds"][-2:]
    assert sound["effects"] == [layer.effect for layer in layered.header.layers]
    assert (sound["seed"], sound["again"]) == (12, None)
    assert (failed["seed"], failed["reason"]) == (13, None)


def test_an_operator_shows_prompts_to_all_or_to_none(tmp_path: Path) -> None:
    engines = Engines({DEFAULT_ENGINE: ProceduralEngine()}, {})
    for show in ("all", "none"):
        with ServerThread(engines, show_prompts=show, allowed_host=("*",)) as server, server.stub() as stub:
            rendered(stub, pb.RenderRequest(prompt=SECRET, seed=3, duration_s=0.2))
            until(lambda http=server.http: board(http)["last"] == 1, "it is noted")  # type: ignore[misc]
            for host in ("localhost", "swash.example"):
                (sound,) = board(server.http, host=host)["sounds"]
                assert (sound["prompt"] == SECRET) == (show == "all")
    with pytest.raises(InvalidSettingError, match="show-prompts: local, all, none"):
        Settings(store=tmp_path, show_prompts="everybody")  # type: ignore[arg-type]


def test_a_wrong_number_is_refused_in_words(quiet: ServerProcess) -> None:
    for since in ("-1", "1e9", "x", "9" * 30, "٣"):
        with pytest.raises(urllib.error.HTTPError, match="400") as wrong:
            board(quiet.http, urllib.parse.quote(since))
        with wrong.value as answer:
            assert b"since: " in answer.read()


def test_the_state_of_each_engine_is_told_with_advice(quiet: ServerProcess) -> None:
    told = board(quiet.http)
    assert told["ready"] is True
    assert told["uptime_s"] > 0.0
    procedural, neural = told["engines"]
    assert (procedural["name"], procedural["state"], procedural["advice"]) == ("procedural", "ready", "")
    assert (neural["name"], neural["state"]) == (NEURAL_ENGINE, "absent")
    assert "--model" in neural["advice"]


def test_the_numbers_are_those_of_the_metrics(quiet: ServerProcess) -> None:
    with quiet.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
    until(lambda: board(quiet.http)["sounds"][-1]["code"] == "OK", "it is noted")
    samples = board(quiet.http)["samples"]
    for name in ("swash_calls_total", "swash_first_frames_seconds_bucket", "swash_cache_lookups_total"):
        assert sum(value for its, _, value in samples if its == name) == quiet.metric(name) > 0.0
    assert next(value for its, _, value in samples if its == "process_resident_memory_bytes") > 1e6


def test_a_caller_who_leaves_is_told_as_such_and_a_neural_sound_is_played_by_its_words() -> None:
    engine = HandEngine()
    engines = Engines({NEURAL_ENGINE: engine, DEFAULT_ENGINE: ProceduralEngine()}, {})
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=1)
    with ServerThread(engines, allowed_host=("*",)) as server, server.stub() as stub:
        call = stub.Render(request)
        next(iter(call))
        call.cancel()
        until(lambda: board(server.http)["last"] == 1, "who left is noted")
        engine.let_go()
        rendered(stub, request)
        until(lambda: board(server.http)["last"] == 2, "who stayed is noted")
        left, stayed = board(server.http)["sounds"]
        assert (left["code"], left["again"]) == ("CANCELLED", None)
        assert (stayed["code"], stayed["effects"]) == ("OK", [])
        assert rendered(stub, request_of(stayed["again"])).header.key == stayed["key"]
        assert board(server.http, host="evil.example")["sounds"][1]["again"] is None
