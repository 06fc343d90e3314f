"""The JavaScript client in real Chromium, over Connect and gRPC-Web, from a page of another origin."""

import hashlib
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from swash_client import Client
from tests import tools
from tests.clients.web.browser import HERE, WEB, Shown, bundle, node_modules, served, show
from tests.serving import ServerProcess, until
from tools.generate_web import GENERATED, generate

pytestmark = pytest.mark.xdist_group("web")  # one page, asked by many tests
TYPES_S = 100.0
GUIDE = tools.ROOT / "docs" / "guides" / "web.md"


@pytest.fixture(scope="module")
def left_before(server: ServerProcess) -> float:
    """How many callers had left before the page came."""
    return left(server)


@pytest.fixture(scope="module")
def page(server: ServerProcess, left_before: float, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """What a page on another port than the server's saw."""
    folder = tmp_path_factory.mktemp("page")
    bundle("claims", folder)
    with served(folder) as port, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        return show(f"http://127.0.0.1:{port}/", {"server": server.http, "nowhere": nowhere})


@pytest.fixture(params=["connect", "grpc-web"])
def told(request: pytest.FixtureRequest, page: Shown) -> Any:
    """What it saw over one protocol."""
    return page.told[request.param]


def test_a_page_asks_what_the_server_is(told: Any) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["version"])
    assert {"rain", "footsteps"} <= set(told["effects"])
    assert told["layers"] == ["footsteps"]


def test_a_sound_arrives_in_pieces_and_whole(told: Any) -> None:
    kinds = told["streamed"]["kinds"]
    assert kinds[0] == "header"
    assert kinds[-1] == "trailer"
    assert set(kinds[1:-1]) == {"audio"}
    assert len(kinds) > 4
    assert told["streamed"]["frames"] == 2 * 48_000


def test_takes_are_the_samples_that_python_gets(told: Any, server: ServerProcess) -> None:
    with Client(server.address) as client:
        takes = client.takes(effect="impact/wooden_crate", seed=7, sample_rate=16_000, channels=2, count=2)
    assert [take["sha256"] for take in told["takes"]] == [take.trailer.sha256.hex() for take in takes]
    for take in told["takes"]:
        assert take["shape"] == [take["frames"]] * 2
        assert take["apart"] <= 2.0 / 32_768  # 16 bit is rounded, and its full scale is 32767


def test_an_error_says_what_to_change(told: Any) -> None:
    assert told["wrongField"]["code"] == "InvalidArgument"
    assert told["wrongField"]["field"] == "parameters[surface]"
    assert "gebäck" in told["wrongField"]["message"]


def test_a_prompt_that_matches_nothing_brings_suggestions(told: Any) -> None:
    assert told["unknownWords"]["code"] == "NotFound"
    assert "電卓" in told["unknownWords"]["message"]
    assert len(told["unknownWords"]["suggestions"]) == 3
    assert told["unknownWords"]["unknownWords"]


def test_a_deadline_ends_a_call(told: Any) -> None:
    assert told["late"]["code"] == "DeadlineExceeded"


def test_whoever_leaves_at_the_first_audio_stops_the_making(
    told: Any, server: ServerProcess, left_before: float
) -> None:
    """Audio of two minutes is there before they are made: else the server would have nothing to stop."""
    assert told["leftByBreak"]["bytes"] > 0
    assert told["leftBySignal"]["kinds"] == ["header", "audio"]
    assert told["leftBySignal"]["error"]["code"] == "Canceled"
    until(
        lambda: left(server) - left_before >= 6, "these two calls and the late one, over both protocols, are over"
    )


def left(server: ServerProcess) -> float:
    """Return how many callers of Render have not waited for its end: deadlines are the client's own clock too."""
    codes = ("CANCELLED", "DEADLINE_EXCEEDED")
    return sum(server.metric("swash_calls_total", method="Render", code=code) for code in codes)


def test_sounds_are_made_before_they_are_needed(told: Any) -> None:
    assert told["madeReady"] == {"done": [1, 2, 3]}


def test_a_live_session_is_steered_by_what_comes_from_it(told: Any) -> None:
    paced = told["paced"]
    assert paced["heard"] == paced["closed"]
    assert paced["began"] == 0
    assert all(frame >= 1600 for frame in paced["frames"])
    assert paced["frames"] == sorted(paced["frames"])
    assert sorted(paced["over"]) == [1, 2]


def test_a_live_session_is_the_one_that_python_plays_in_both_directions(told: Any, server: ServerProcess) -> None:
    with Client(server.address) as client, client.perform(sample_rate=16_000, unpaced=True) as session:
        wind = session.start(effect="wind", seed=11, parameters={"gust": 0.9})
        boots = session.start(effect="footsteps/heavy_boots_gravel", armed=True, seed=12, object_seed=5)
        wind.set("speed_m_s", 20.0, ramp_s=0.1, at_frame=1600)
        boots.trigger(at_frame=2400)
        boots.trigger({"surface": "snow"}, seed=9, at_frame=4800)
        wind.crossfade("light rain on leaves", seed=13, fade_s=0.2, at_frame=6400)
        session.stop(release_s=0.05, at_frame=12_800)
        session.finish()
        played = (session.rest() * 32_768.0).astype("<i2").tobytes()
    assert told["unpaced"] == {"sha256": hashlib.sha256(played).hexdigest(), "frames": len(played) // 4}


def test_commands_keep_their_order_however_many_there_are(told: Any) -> None:
    assert told["inOrder"] == [step * 480 for step in range(600)]


def test_audio_that_nobody_fetches_waits_and_none_is_lost(told: Any) -> None:
    assert told["unfetched"]["frames"] == told["unfetched"]["closed"]
    assert told["unfetched"]["frames"] >= told["unfetched"]["stopped"] >= 40 * 8000


def test_a_refused_command_disturbs_no_other(told: Any) -> None:
    refused = told["refused"]
    assert refused["nothing"]["code"] == "NotFound"
    assert refused["nothing"]["suggestions"]
    assert (refused["wrong"]["code"], refused["wrong"]["field"]) == ("InvalidArgument", "parameters[intensity]")
    assert refused["effect"] == "ui_click"
    assert refused["late"]["code"] == "FailedPrecondition"


def test_a_session_that_is_left_takes_its_voices_along(told: Any, server: ServerProcess) -> None:
    assert told["sessionLeft"]["left"]["code"] == "Canceled"
    assert told["sessionLeft"]["after"]["code"] == "Canceled"
    assert told["sessionLeft"]["unopened"]["code"] == "InvalidArgument"
    until(lambda: server.metric("swash_live_voices") == 0, "no voice sounds")


def test_lost_answers_are_asked_for_again_and_nothing_is_done_twice(page: Shown) -> None:
    assert page.told["broken"]["some"] == page.told["connect"]["unpaced"]


def test_a_connection_that_stays_broken_ends_the_session(page: Shown) -> None:
    assert page.told["broken"]["all"]["code"] == "Unavailable"
    assert page.told["broken"]["tries"] == 7


def test_no_server_is_said_so(page: Shown) -> None:
    assert page.told["nowhere"]["code"] == "Unavailable"
    assert "not there" in page.told["nowhere"]["message"]


def test_the_console_stays_empty(page: Shown) -> None:
    assert [line for line in page.said if "ERR_CONNECTION_REFUSED" not in line] == []  # the server that is nowhere


@pytest.fixture(scope="module")
def foreign(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """What a page of a site saw: of a server for this machine only, and of a full one that allows the site."""
    folder = tmp_path_factory.mktemp("foreign")
    bundle("origin", folder)
    with served(folder) as port:
        site = f"http://game.example:{port}"
        store = tmp_path_factory.mktemp("store")
        with ServerProcess(store, f"--cors-origin={site}", "--max-sessions=0") as its:
            here = "--host-resolver-rules=MAP game.example 127.0.0.1"
            yield show(f"{site}/", {"closed": server.http, "open": its.http}, here)


def test_a_site_that_is_not_allowed_reads_nothing(foreign: Shown) -> None:
    nothing = ["Unavailable", "", 0]
    assert foreign.told["closed"] == [dict.fromkeys(("version", "click", "wrong", "full"), nothing)] * 2
    assert "TypeError" in foreign.told["metrics"]


def test_a_site_that_is_allowed_reads_all_errors_too(foreign: Shown) -> None:
    for seen in foreign.told["open"]:
        assert seen["click"] == 1
        assert seen["wrong"] == ["InvalidArgument", "effect", 0]
        code, _, retry_after_ms = seen["full"]
        assert code == "ResourceExhausted"
        assert retry_after_ms > 0


def test_the_generated_messages_are_fresh(tmp_path: Path) -> None:
    tools.node()
    node_modules()
    assert generate(tmp_path) == 0
    files = {path.relative_to(GENERATED) for path in GENERATED.rglob("*.ts")}
    assert files == {path.relative_to(tmp_path) for path in tmp_path.rglob("*.ts")}
    for path in files:
        made = (tmp_path / path).read_text()
        assert (GENERATED / path).read_text() == made, "run `.venv/bin/python -m tools.generate_web`"


def test_types_are_right_in_the_client_its_pages_and_the_guide(tmp_path: Path) -> None:
    modules = node_modules()
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "swash").symlink_to(WEB / "src")  # where the guide has it
    for number, block in enumerate(re.findall(r"^```ts\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)):
        (tmp_path / f"guide_{number}.ts").write_text(block)
    project = {
        "extends": str(WEB / "tsconfig.json"),
        "compilerOptions": {"paths": {"*": [f"{modules}/*"]}},
        "include": ["guide_*.ts", "swash/*.ts", str(HERE / "pages")],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps(project))
    compiler = modules / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [str(tools.node()), str(compiler), "-p", str(tmp_path)],
        capture_output=True, text=True, timeout=TYPES_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
