"""The audition page in real Chromium: every control used once, by mouse and by keys, and what came of it."""

import hashlib
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import soundfile
from gdtoolkit.parser import parser as gdscript  # type: ignore[import-untyped]
from google.protobuf import json_format

from swash.v1 import sound_pb2 as pb
from swash_client import Client
from swash_server.manifests import manifest
from tests import tools
from tests.clients.csharp import toolchain
from tests.clients.web.browser import HERE, WEB, Shown, bundle, node_modules, served, show
from tests.serving import ServerProcess, rendered

pytestmark = pytest.mark.xdist_group("audition")  # one walk for all

WALK_S = 110.0
BUILD_S = 60.0
BEACH = tools.ROOT / "docs" / "examples" / "beach.yaml"
TINY_MODEL = tools.ROOT / "tests" / "data" / "stable_audio_open_small"
FILES = {"wav", "flac", "ogg_vorbis", "ogg_opus"}


@pytest.fixture(scope="module")
def neural(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has both engines."""
    store = tmp_path_factory.mktemp("store")
    with ServerProcess(store, f"--model={TINY_MODEL}", "--neural-threads=1") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page's downloads go."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def walk(neural: ServerProcess, folder: Path) -> Shown:
    """What the page told while somebody used all of it."""
    return walked(neural, folder, "all")


@pytest.fixture(scope="module")
def walk_of_others(neural: ServerProcess, folder: Path) -> Shown:
    """What it told those who have no mouse, or whose eyes are weak."""
    return walked(neural, folder, "keys", "axe")


def walked(server: ServerProcess, folder: Path, *walks: str) -> Shown:
    order = {
        "playwright": str(tools.node_modules() / "playwright-core"),
        "axe": str(tools.node_modules() / "axe-core" / "axe.min.js"),
        "chromium": str(tools.chromium()),
        "url": f"{server.http}/",
        "into": str(folder),
        "manifest": str(BEACH),
        "walks": walks,
    }
    command = [str(tools.node()), str(HERE / "audition" / "walk.mjs"), json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WALK_S, check=False)
    assert done.returncode == 0, done.stderr
    return Shown(**json.loads(done.stdout))


@pytest.fixture(scope="module")
def told(walk: Shown) -> Any:
    return walk.told


def test_every_control_does_something_and_the_console_stays_empty(walk: Shown) -> None:
    refused = "error: Failed to load resource: the server responded with a status of 400 (Bad Request)"
    assert walk.said == [refused]  # the manifest that is wrong


def test_words_are_understood_while_they_are_typed(told: Any) -> None:
    assert told["understood"] == {"struck": ["flurble"], "layers": ["Rain, tin roof"]}
    assert told["suggestions"]
    assert of(told["suggested"])["prompt"] == told["suggestions"][0]
    assert of(told["layer"])["effect"] == "thunder"


@pytest.mark.parametrize(
    "what", ["words", "suggested", "layer", "preset", "slid", "exact", "chosen", "set", "looped", "second", "kept"]
)
def test_what_arrives_is_the_sound_that_python_gets(told: Any, neural: ServerProcess, what: str) -> None:
    with Client(neural.address) as client:
        sound = client.render(**of(told[what]))
    assert told[what]["sha256"] == sound.trailer.sha256.hex()


def test_each_time_sounds_different_unless_the_seed_is_locked(told: Any) -> None:
    assert told["again"]["sha256"] != told["words"]["sha256"]
    assert told["locked"]["sha256"] == told["again"]["sha256"]
    assert told["varied"]["seed"] != told["looped"]["seed"]


def test_the_catalogue_finds_presets(told: Any) -> None:
    assert told["found"] == ["Rain"]
    assert of(told["preset"])["effect"] == "impact/wooden_crate"


def test_controls_change_the_sound_and_go_back(told: Any) -> None:
    assert of(told["exact"])["parameters"] == {"intensity": 0.7}
    assert of(told["chosen"])["parameters"] == {"surface": "metal"}
    assert len({told[what]["sha256"] for what in ("effect", "slid", "exact", "chosen")}) == 4
    assert told["reset"]["sha256"] == told["resetAll"]["sha256"] == told["effect"]["sha256"]


def test_settings_are_kept_to(told: Any) -> None:
    figures = told["set"]["figures"]
    assert (figures["Length"], figures["Format"]) == ("1.50 s", "44.1 kHz mono")
    assert figures["Loudness"] == "−21.0 LUFS"
    assert of(told["set"])["trim"] is False


def test_a_loop_turns_over_its_seam(told: Any) -> None:
    assert told["looped"]["seam"]
    assert told["turned"] == "Stop"
    assert (told["stopped"], told["started"]) == ("Play", "Stop")


def test_four_takes_stand_side_by_side(told: Any) -> None:
    seeds = [int(text.split()[1]) for text in told["takes"]]
    assert seeds == [seeds[0] + number for number in range(4)]
    assert of(told["second"])["seed"] == seeds[1]
    assert told["second"]["pressed"] == "true"


def test_sliders_are_heard_live(told: Any) -> None:
    assert told["live"]["pressed"] == "true"
    assert re.fullmatch(r"Live: \d+ gaps?, \d+ ms buffered, 100 ms ahead", told["live"]["figures"])
    assert told["left"] == "false"
    assert told["armed"] == "Trigger"


def test_downloads_are_the_sound_in_every_encoding(told: Any, folder: Path) -> None:
    """Both kinds of PCM have one name, and the float kind came last."""
    sha256 = told["kept"]["sha256"]
    frames = 2 * 48_000
    for encoding in FILES:
        samples, rate = soundfile.read(folder / told["files"][encoding], dtype="int16")
        assert (rate, len(samples)) == (48_000, frames)
        if encoding in {"wav", "flac"}:
            assert hashlib.sha256(samples.tobytes()).hexdigest() == sha256
    assert (folder / told["files"]["pcm_f32le"]).stat().st_size == frames * 4
    assert re.fullmatch(r"WIND[A-Za-z]*_A Light Breeze 2 Seconds_SWSH_NONE_s\d+\.wav", told["files"]["wav"])


def test_what_the_server_refuses_is_said(told: Any) -> None:
    assert "Opus" in told["refused"]
    assert told["wrong"] == "sounds[0].duration_s: above 0 and at most 120, got 500"


def test_the_bank_is_a_manifest(told: Any, folder: Path) -> None:
    said = manifest.read((folder / told["manifest"]).read_text())
    assert said.tag == "walk"
    assert [sound.name for sound in said.sounds] == ["a light breeze, 2 seconds", 'breeze: "two" # of 2']
    asked = of(told["kept"])
    for sound in said.sounds:
        assert sound.request.prompt == asked["prompt"]
        assert (sound.request.seed, sound.request.loop) == (asked["seed"], True)
        assert sound.request.loudness_lufs == asked["loudness_lufs"]
    assert told["unloaded"] == "1 take under “walk” may be forgotten now."


def test_a_manifest_of_others_comes_into_the_bank(told: Any) -> None:
    names = [sound.name for sound in manifest.read(BEACH.read_text()).sounds]
    assert told["imported"][2:] == names
    assert told["removed"] == told["imported"][:-1]
    assert of(told["fromBank"])["effect"] == "ui_click"


def test_history_brings_sounds_back(told: Any) -> None:
    assert told["history"][:2] == ["ui click", "a light breeze, 2 seconds"]
    assert told["recalled"]["sha256"] == told["kept"]["sha256"]
    assert told["cleared"]


def test_a_link_is_the_same_sound_and_damaged_memory_does_no_harm(told: Any) -> None:
    assert told["opened"]["sha256"] == told["kept"]["sha256"]
    assert told["opened"]["counts"] == ["0", "1"]


def test_the_python_that_is_copied_makes_the_same_sound(
    told: Any, neural: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(told["code"]["python"].replace("127.0.0.1:50051", neural.address), made)
    assert made["sound"].trailer.sha256.hex() == told["kept"]["sha256"]
    assert (tmp_path / "sound.wav").stat().st_size > 2 * 48_000


def test_the_csharp_that_is_copied_makes_the_same_sound(told: Any, neural: ServerProcess, tmp_path: Path) -> None:
    head, body = told["code"]["csharp"].split("\n\n", 1)
    body = body.replace(f'"{neural.http}"', "where[0]")
    body = body.replace("ToSamples();", "ToSamples();\nConsole.Write(BitConverter.ToString(take.Trailer.Sha256));")
    source = tmp_path / "Copied.cs"  # the same text each time, so that it is compiled once
    main = "internal static class Copied { private static async Task Main(string[] where)"
    source.write_text(f"using System;\nusing System.Threading.Tasks;\n{head}\n{main} {{ {body} }} }}\n")
    core = toolchain.core("net8")
    done = toolchain.run_dotnet(toolchain.compile("Copied", [source], [core], target="exe"), neural.http)
    assert done.stdout.decode().replace("-", "").lower() == told["kept"]["sha256"], done.stderr


def test_the_grpcurl_that_is_copied_asks_for_the_same_sound(told: Any, neural: ServerProcess) -> None:
    said = re.search(r"-d '(.*)' \\\n", told["code"]["grpcurl"])
    assert said is not None
    request = json_format.Parse(said[1], pb.RenderRequest())
    with neural.stub() as stub:
        assert rendered(stub, request).trailer.sha256.hex() == told["kept"]["sha256"]


def test_the_code_for_engines_names_every_field(told: Any) -> None:
    asked = of(told["kept"])
    lines = "".join(f"\t{line}\n" for line in told["code"]["gdscript"].splitlines())
    gdscript.parse(f"extends Node\n\n\nfunc _ready() -> void:\n{lines}")
    for name in asked.keys() - {"prompt"}:
        assert f"{name} = " in told["code"]["gdscript"]
        pascal = "".join(part.capitalize() for part in name.split("_"))
        assert re.search(rf"\b{pascal} = ", told["code"]["csharp"])


def test_the_neural_engine_shows_how_far_it_is(told: Any) -> None:
    assert told["neural"]["progress"].startswith("step ")
    assert told["neural"]["figures"]["Made"] == "now, by stable audio"
    said = of(told["neural"])
    assert (said["steps"], said["guidance"], said["negative_prompt"], said["short_window"]) == (
        2,
        2,
        "music",
        True,
    )


def test_everything_goes_by_keys_alone(walk_of_others: Shown) -> None:
    assert walk_of_others.said == []
    keys = walk_of_others.told["keys"]
    assert keys["prompt"] == "prompt"
    assert keys["blurred"] == ""
    _, rolled, after, before = map(int, keys["seeds"])
    assert (after, before) == (rolled + 1, rolled)
    assert keys["same"]
    assert (keys["second"], keys["loop"], keys["playing"], keys["stopped"]) == ("true", "true", "Stop", "Play")
    assert keys["match"]
    assert keys["kept"] == "1"
    assert keys["help"]
    assert keys["closed"]
    seen, wanted = keys["reached"]
    assert seen >= wanted > 60


@pytest.mark.parametrize("how", ["light 360", "light 1600", "light help", "dark 360", "dark 1600", "dark help"])
def test_nobody_is_shut_out(walk_of_others: Shown, how: str) -> None:
    assert walk_of_others.told["axe"][how] == {"violations": [], "wider": 0}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the page's player puts out, told by a page that renders it."""
    page = tmp_path_factory.mktemp("player")
    bundle("player", page)
    with served(page) as port:
        shown = show(f"http://127.0.0.1:{port}/", {})
    assert shown.said == []
    return shown.told


def test_a_loop_repeats_to_the_sample_also_one_that_still_arrives(played: Any) -> None:
    assert played["looped"] == {"from": 240, "wrong": 0}  # after 5 ms
    assert played["streamed"] == {"from": 1920, "wrong": 0}  # after 40 ms
    assert played["onceFrames"] == 4800


def test_from_take_to_take_there_is_neither_gap_nor_click(played: Any) -> None:
    assert played["changed"]["steepest"] < 1.05
    assert played["changed"]["softest"] == pytest.approx(0.125, rel=0.02)
    assert played["changed"]["last"] == pytest.approx(0.125, rel=0.02)


def test_the_page_says_when_the_server_is_away_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    first = ServerProcess(tmp_path / "store")
    port = first.http.rpartition(":")[2]
    order = {
        "playwright": str(tools.node_modules() / "playwright-core"),
        "chromium": str(tools.chromium()),
        "url": f"{first.http}/",
    }
    command = [str(tools.node()), str(HERE / "audition" / "away.mjs"), json.dumps(order)]
    with first, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as looking:
        assert looking.stdin is not None
        assert looking.stdout is not None
        try:
            assert looking.stdout.readline() == "made\n"
            first.kill()
            print("stopped", file=looking.stdin, flush=True)
            assert looking.stdout.readline() == "away\n"
            with ServerProcess(tmp_path / "store", f"--http-port={port}"):
                print("started", file=looking.stdin, flush=True)
                shown = Shown(**json.loads(looking.stdout.readline()))
        finally:
            looking.kill()
    told = shown.told
    assert "swash serve" in told["away"]
    assert (told["live"], told["playing"], told["still"]) == ("false", "Stop", True)
    assert told["back"] == "light rain"
    network = (
        "ERR_CONNECTION",
        "ERR_INCOMPLETE_CHUNKED_ENCODING",
        "ERR_NETWORK",
    )  # browsers tell these themselves
    assert [line for line in shown.said if not any(kind in line for kind in network)] == []


def test_pages_load_nothing_from_elsewhere_and_are_not_sent_twice(server: ServerProcess) -> None:
    with urllib.request.urlopen(f"{server.http}/", timeout=10) as answer:
        policy, tag = answer.headers["content-security-policy"], answer.headers["etag"]
        page = answer.read().decode()
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.findall(r"<(?:script|style)[^>]*>[^<]", page) == []
    for path in ("/", *re.findall(r'(?:src|href)="(/pages/[^"]+)"', page)):
        with urllib.request.urlopen(f"{server.http}{path}", timeout=10) as answer:
            tag = answer.headers["etag"]
        again = urllib.request.Request(f"{server.http}{path}", headers={"If-None-Match": f'"old", {tag}'})
        with pytest.raises(urllib.error.HTTPError) as unchanged, urllib.request.urlopen(again, timeout=10):
            pass
        assert unchanged.value.code == 304
        unchanged.value.close()


def test_a_manifest_too_long_is_refused_before_it_is_read(server: ServerProcess) -> None:
    text = b"#" * 2**20 + b"\nswash: 1"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.http}/manifest", data=text, timeout=10)
    assert refused.value.code == 413
    assert json.loads(refused.value.read()) == {"problems": ["manifest: at most 1048576 bytes"]}
    refused.value.close()


def test_the_pages_are_fresh() -> None:
    node_modules()
    done = subprocess.run(
        [str(tools.node()), str(WEB / "build.mjs"), "--check"],
        capture_output=True, text=True, timeout=BUILD_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def of(shown: Any) -> dict[str, Any]:
    """Return what the page's address asks for, as the Python client takes it."""
    asked: dict[str, Any] = {"parameters": {}}
    for name, text in parse_qsl(shown["hash"].removeprefix("#")):
        value: Any = text
        if text in {"true", "false"}:
            value = text == "true"
        elif re.fullmatch(r"-?\d+", text):
            value = int(text)
        elif re.fullmatch(r"-?[\d.]+", text):
            value = float(text)
        if name.startswith("parameters."):
            asked["parameters"][name.removeprefix("parameters.")] = value
        else:
            asked[name] = value
    return asked if asked["parameters"] else {name: asked[name] for name in asked if name != "parameters"}
