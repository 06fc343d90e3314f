"""`swash bake`, as a shell runs it: the files, what they tell of themselves, and what an interruption leaves."""

import hashlib
import io
import itertools
import json
import os
import pty
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from swash.v1 import sound_pb2 as pb
from swash_server.formats import ucs
from swash_server.formats.encode import Encoding, file_of
from swash_server.formats.provenance import Provenance, signed
from tests.serving import ServerProcess, rendered

ROOT = Path(__file__).parents[2]
BEACH = ROOT / "docs" / "examples" / "beach.yaml"
SWASH = str(Path(sys.executable).parent / "swash")
MODEL = str(Path(__file__).parent.parent / "data" / "stable_audio_open_small")

SMALL = """
swash: 1
creator: MILA
source: game
defaults: {sample_rate: 44100}
sounds:
  - {name: roof, effect: rain/tin_roof, duration_s: 2, loop: true, seed: 3}
  - {name: roof flac, effect: rain/tin_roof, duration_s: 2, loop: true, seed: 3, encoding: flac}
  - {name: roof ogg, effect: rain/tin_roof, duration_s: 2, loop: true, seed: 3, encoding: ogg_vorbis}
  - name: roof opus
    effect: rain/tin_roof
    duration_s: 2
    loop: true
    seed: 3
    encoding: ogg_opus
    sample_rate: 24000
  - {prompt: a wooden crate hit hard, takes: 2, object_seed: 4, encoding: flac}
  - {name: click, effect: ui_click, encoding: ogg_vorbis}
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    variables = {"SWASH_NEURAL_THREADS": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return {**os.environ, **variables}


def bake(
    manifest: str | Path, folder: Path, environment: dict[str, str], *arguments: str, expect: int = 0
) -> tuple[str, str]:
    """Bake a manifest, given as its text or its path, into a folder; return what was said on both streams."""
    if isinstance(manifest, str):
        path = folder.parent / "manifest.yaml"
        path.write_text(manifest)
        manifest = path
    command = [SWASH, "bake", str(manifest), "-o", str(folder), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == expect, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stdout.decode(), done.stderr.decode()


def index_of(folder: Path) -> list[dict[str, Any]]:
    sounds: list[dict[str, Any]] = json.loads((folder / "index.json").read_text())["sounds"]
    return sounds


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def chunks(file: bytes) -> dict[bytes, bytes]:
    """Return what a RIFF file holds, by an own walk over it."""
    assert file[:4] == b"RIFF"
    assert file[8:12] == b"WAVE"
    assert struct.unpack_from("<I", file, 4)[0] == len(file) - 8
    found, at = {}, 12
    while at < len(file):
        name, size = struct.unpack_from("<4sI", file, at)
        found[name] = file[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    assert at == len(file)
    return found


def info(file: bytes) -> dict[str, str]:
    body, found, at = chunks(file)[b"LIST"], {}, 4
    while at < len(body):
        name, size = struct.unpack_from("<4sI", body, at)
        found[name.decode()] = body[at + 8 : at + 8 + size].rstrip(b"\0").decode()
        at += 8 + size + size % 2
    return found


def comments(file: bytes) -> dict[str, str]:
    """Return the comments of a FLAC or Ogg file, found by their own lengths."""
    first = file.index(b"TITLE=")
    at, found = first - 4, {}
    (count,) = struct.unpack_from("<I", file, first - 8)
    body = file if file.startswith(b"fLaC") else b"".join(pages(file))
    at = body.index(b"TITLE=") - 4
    for _ in range(count):
        (size,) = struct.unpack_from("<I", body, at)
        name, _, value = body[at + 4 : at + 4 + size].decode().partition("=")
        found[name] = value
        at += 4 + size
    return found


def pages(file: bytes) -> Iterator[bytes]:
    """Yield the bodies of the pages of an Ogg file, whose numbers must count up."""
    at = 0
    for number in itertools.count():
        if at == len(file):
            return
        assert file[at : at + 4] == b"OggS"
        assert struct.unpack_from("<I", file, at + 18)[0] == number
        sizes = file[at + 27 : at + 27 + file[at + 26]]
        at += 27 + len(sizes)
        yield file[at : at + sum(sizes)]
        at += sum(sizes)


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baked") / "audio"
    _, said = bake(SMALL, folder, {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")})
    assert "7 made, 0 as they were" in said
    return folder


def test_files_are_named_by_the_universal_category_system(baked: Path) -> None:
    assert sorted(path.name for path in baked.iterdir()) == [
        "RAINMetl_roof flac_MILA_game_s3.flac",
        "RAINMetl_roof ogg_MILA_game_s3.ogg",
        "RAINMetl_roof opus_MILA_game_s3.opus",
        "RAINMetl_roof_MILA_game_s3.wav",
        "UIClick_click_MILA_game_s0.ogg",
        "WOODImpt_A Wooden Crate Hit 01_MILA_game_s0.flac",
        "WOODImpt_A Wooden Crate Hit 02_MILA_game_s1.flac",
        "index.json",
    ]


def test_the_samples_are_those_of_a_render(baked: Path, server: ServerProcess) -> None:
    roof: Any = {"effect": "rain/tin_roof", "duration_s": 2.0, "loop": True, "seed": 3, "sample_rate": 44_100}
    crate: Any = {"prompt": "a wooden crate hit hard", "seed": 1, "object_seed": 4, "sample_rate": 44_100}
    with server.stub() as stub:
        pcm = rendered(stub, pb.RenderRequest(**roof)).audio
        vorbis = rendered(stub, pb.RenderRequest(**roof, encoding=pb.ENCODING_OGG_VORBIS)).audio
        hit = rendered(stub, pb.RenderRequest(**crate)).audio
    assert chunks((baked / "RAINMetl_roof_MILA_game_s3.wav").read_bytes())[b"data"] == pcm
    for path, same in (
        ("RAINMetl_roof flac_MILA_game_s3.flac", pcm),
        ("WOODImpt_A Wooden Crate Hit 02_MILA_game_s1.flac", hit),
    ):
        assert soundfile.read(baked / path, dtype="int16")[0].tobytes() == same
    ours, rate = soundfile.read(baked / "RAINMetl_roof ogg_MILA_game_s3.ogg")
    theirs, _ = soundfile.read(io.BytesIO(vorbis))
    np.testing.assert_array_equal(ours, theirs)
    assert rate == 44_100


def test_a_loop_says_where_it_repeats_and_a_one_shot_does_not(baked: Path) -> None:
    found = chunks((baked / "RAINMetl_roof_MILA_game_s3.wav").read_bytes())
    assert list(found) == [b"fmt ", b"data", b"smpl", b"LIST"]
    assert struct.unpack_from("<3I", found[b"smpl"], 36 + 4) == (0, 0, 88_199)
    for name, frames in (("flac.flac", 88_200), ("ogg.ogg", 88_200), ("opus.opus", 96_000)):
        suffix = name.partition(".")[2]
        said = comments((baked / f"RAINMetl_roof {suffix}_MILA_game_s3.{suffix}").read_bytes())
        assert (said["LOOPSTART"], said["LOOPLENGTH"]) == ("0", str(frames))
    for name in ("UIClick_click_MILA_game_s0.ogg", "WOODImpt_A Wooden Crate Hit 01_MILA_game_s0.flac"):
        assert b"LOOPSTART" not in (baked / name).read_bytes()


def test_a_file_tells_where_it_comes_from(baked: Path) -> None:
    def told(path: Path) -> tuple[str, str, str, dict[str, Any]]:
        file = path.read_bytes()
        if path.suffix == ".wav":
            said = info(file)
            return said["INAM"], said["ISFT"], said["ICOP"], json.loads(said["ICMT"])
        said = comments(file)
        return said["TITLE"], said["SOFTWARE"], said["LICENSE"], json.loads(said["COMMENT"])

    for entry in index_of(baked):
        path = baked / entry["file"]
        title, software, licence, origin = told(path)
        assert title == entry["name"] or title.startswith("A Wooden Crate Hit 0")
        assert re.fullmatch(r"swash \d+\.\d+\.\d+", software)
        assert licence == "CC0-1.0"
        assert origin.items() <= entry.items()
        assert origin["layers"][0]["effect"] in {"rain", "impact", "ui_click"}
        assert {"seed", "object_seed", "engine", "engine_version", "swash", "ucs_cat_id", "key"} <= origin.keys()
        assert ("prompt" in origin) == ("Crate" in title)
        read = soundfile.SoundFile(path)
        assert read.title == title
        assert (read.frames, read.samplerate, read.channels) == (
            entry["frames"], entry["sample_rate"], entry["channels"],
        )  # fmt: skip
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        assert -70 <= entry["loudness_lufs"] < 0
        assert entry["true_peak_dbtp"] < 0
        assert (entry["loop"] is not None) == ("roof" in title)


def test_a_server_bakes_the_same_folder(baked: Path, server: ServerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "there"
    bake(SMALL, folder, dict(os.environ), "--server", server.address)
    assert contents(folder) == contents(baked)


def test_a_second_run_makes_only_what_is_missing_damaged_or_changed(
    baked: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "audio"
    shutil.copytree(baked, folder)
    before = contents(folder)
    assert "0 made, 7 as they were" in bake(SMALL, folder, environment)[1]
    assert contents(folder) == before

    (folder / "UIClick_click_MILA_game_s0.ogg").unlink()
    damaged = folder / "RAINMetl_roof_MILA_game_s3.wav"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    listed, _ = bake(SMALL, folder, environment, "--check", expect=1)
    assert listed.splitlines() == [f"damaged: {damaged}", f"missing: {folder}/UIClick_click_MILA_game_s0.ogg"]
    assert bake(SMALL, folder, environment, "--dry-run")[0] == listed
    assert "2 made, 5 as they were" in bake(SMALL, folder, environment)[1]
    assert contents(folder) == before
    assert bake(SMALL, folder, environment, "--check") == ("", "")

    louder = SMALL.replace("{name: click,", "{name: click, loudness_lufs: -20,")
    assert bake(louder, folder, environment, "--check", expect=1)[0].startswith("changed: ")
    assert "1 made, 6 as they were" in bake(louder, folder, environment)[1]


def test_a_sound_of_another_engine_version_is_made_again(
    baked: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "audio"
    shutil.copytree(baked, folder)
    index = json.loads((folder / "index.json").read_text())
    index["sounds"][0]["engine_version"] = "0-rain.0"
    index["sounds"][1]["asked_key"] = "00" * 32  # as if the words had meant something else
    (folder / "index.json").write_text(json.dumps(index))
    listed, _ = bake(SMALL, folder, environment, "--check", expect=1)
    assert [line.partition(":")[0] for line in listed.splitlines()] == ["of another version"] * 2
    assert "2 made, 5 as they were" in bake(SMALL, folder, environment)[1]


def test_what_the_manifest_names_no_more_stays_until_it_is_pruned(
    baked: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "audio"
    shutil.copytree(baked, folder)
    (folder / "mine.wav").write_bytes(b"nobody's business")
    edited = folder / "RAINMetl_roof flac_MILA_game_s3.flac"
    edited.write_bytes(edited.read_bytes() + b"edited")
    one = SMALL.partition("  - {name: roof flac")[0]
    assert "0 made, 1 as they were, 6 that the manifest names no more" in bake(one, folder, environment)[1]
    assert "5 removed" in bake(one, folder, environment, "--prune")[1]
    left = {"RAINMetl_roof_MILA_game_s3.wav", edited.name, "mine.wav", "index.json"}
    assert contents(folder).keys() == left  # a file that somebody has changed is not ours to remove


def test_a_kill_leaves_whole_files_and_the_next_run_makes_the_rest(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "audio"
    sounds = "".join(f"  - {{effect: impact, seed: {seed}, encoding: flac}}\n" for seed in range(40))
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(f"swash: 1\nsounds:\n{sounds}")
    command = [SWASH, "bake", str(manifest), "-o", str(folder)]
    rng = random.Random(1)
    for _ in range(2):
        victim = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        wanted = len(list(folder.glob("*.flac"))) + rng.randrange(2, 8)
        while victim.poll() is None and len(list(folder.glob("*.flac"))) < wanted:
            pass
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    there = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.flac")}
    assert len(there) >= 2
    for name in there:
        soundfile.read(folder / name)
    _, said = bake(manifest, folder, environment)
    found = re.search(r"(\d+) made, (\d+) as they were", said)
    assert found
    made, kept = map(int, found.groups())
    assert made + kept == 40
    assert kept >= len(there) - 2 * (os.cpu_count() or 1)  # of each kill, what was moved but not yet noted
    names = contents(folder).keys()
    assert len(names) == 41
    assert not [name for name in names if not name.endswith((".flac", "index.json"))]
    assert len(index_of(folder)) == 40


def test_an_interruption_leaves_an_index_of_what_is_there(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "audio"
    sounds = "".join(f"  - {{effect: rain, duration_s: 20, seed: {seed}}}\n" for seed in range(60))
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(f"swash: 1\nsounds:\n{sounds}")
    # A shell that began the tests behind has them ignore the signal.
    command = ["env", "--default-signal=INT", SWASH, "bake", str(manifest), "-o", str(folder)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        while process.poll() is None and len(list(folder.glob("*.wav"))) < 2:
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read().decode().splitlines() == ["swash: stopped"]
    entries = {entry["file"]: entry["sha256"] for entry in index_of(folder)}
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.wav")}
    assert entries == files
    assert 2 <= len(files) < 60
    assert contents(folder).keys() == files.keys() | {"index.json"}


def test_two_bakes_do_not_write_into_one_folder(baked: Path, environment: dict[str, str]) -> None:
    import fcntl

    folder = os.open(baked, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert "another bake" in bake(SMALL, baked, environment, expect=1)[1]
    finally:
        os.close(folder)


def test_sounds_that_would_have_one_name_get_numbers(tmp_path: Path, environment: dict[str, str]) -> None:
    manifest = """
swash: 1
sounds:
  - {name: step, effect: ui_click}
  - {name: STEP, effect: ui_click, parameters: {gain_db: -6}}
  - {name: s_t/e:p, effect: ui_click}
  - {name: an overlong name of a sound one, effect: ui_click}
  - {name: an overlong name of a sound two, effect: ui_click}
  - {name: "???", effect: ui_click, fx_name: Tick, ucs_cat_id: UIMisc}
"""
    folder = tmp_path / "audio"
    bake(manifest, folder, environment)
    assert [entry["file"] for entry in index_of(folder)] == [
        "UIClick_step_SWSH_NONE_s0.wav",
        "UIClick_STEP_SWSH_NONE_s0-2.wav",
        "UIClick_s t e p_SWSH_NONE_s0.wav",
        "UIClick_an overlong name of a_SWSH_NONE_s0.wav",
        "UIClick_an overlong name of a_SWSH_NONE_s0-2.wav",
        "UIMisc_Tick_SWSH_NONE_s0.wav",
    ]
    for entry in index_of(folder):
        assert len(entry["file"].split("_")) == 5
        assert len(entry["file"].split("_")[1]) < 25


@pytest.mark.parametrize(
    ("sound", "status", "said"),
    [
        ("effect: rain, duration_s: 500", 2, "sounds[0].duration_s: above 0 and at most 120, got 500"),
        ("prompt: xyzzy plugh", 2, "sounds[0].prompt: nothing sounds like"),
        ("effect: rain, encoding: pcm_f32le", 2, "sounds[0].encoding: one that is a file"),
        ("effect: rain, takes: 2, fx_name: long without any number", 2, "sounds[0].fx_name: 1 to 21"),
        ("prompt: rain, engine: stable_audio", 1, "sounds[0].engine 'stable_audio': it has no weights"),
        ("prompt: rain, init_audio: no.wav", 2, "sounds[0].init_audio: cannot read"),
    ],
)
def test_a_wrong_manifest_is_told_and_makes_no_folder(
    tmp_path: Path, environment: dict[str, str], sound: str, status: int, said: str
) -> None:
    manifest = f"swash: 1\nsounds: [{{{sound}}}]"
    assert said in bake(manifest, tmp_path / "audio", environment, expect=status)[1]
    assert not (tmp_path / "audio").exists()


def test_a_server_that_is_away_ends_the_bake_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    assert "swash serve" in bake(SMALL, tmp_path / "audio", environment, "--server", "127.0.0.1:1", expect=4)[1]


def test_a_bar_shows_how_far_it_is_where_somebody_watches(tmp_path: Path, environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("swash: 1\nsounds: [{effect: ui_click, takes: 3}]")
    done = subprocess.run(
        [SWASH, "bake", str(manifest), "-o", str(tmp_path / "audio")],
        env={**environment, "TERM": "xterm"}, stderr=theirs, stdout=subprocess.DEVNULL, timeout=120, check=True,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 65_536):
            said += data
    except OSError:  # Linux tells so that the other end is closed
        pass
    os.close(ours)
    assert done.returncode == 0
    assert b"making sounds" in said
    assert b"3/3" in said


def test_neural_sounds_are_baked_and_checked_without_their_model(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "audio"
    manifest = """
swash: 1
defaults: {engine: stable_audio, steps: 2, duration_s: 0.3}
sounds:
  - {name: storm, prompt: distant thunder, encoding: flac}
  - {name: dog, prompt: a dog barks, ucs_cat_id: ANMLDog, init_audio: knock.wav}
"""
    knock = np.sin(np.arange(22_050) / 30) * np.exp(-np.arange(22_050) / 2000)
    soundfile.write(tmp_path / "knock.wav", knock, 44_100)
    without_id = manifest.replace("ucs_cat_id: ANMLDog, ", "")
    assert "sounds[1].ucs_cat_id" in bake(without_id, folder, environment, "--model", MODEL, expect=2)[1]
    assert "2 made" in bake(manifest, folder, environment, "--model", MODEL)[1]
    storm, dog = index_of(folder)
    assert (storm["engine"], storm["neural"]["steps"]) == ("stable_audio", 2)
    assert storm["ucs_cat_id"] != dog["ucs_cat_id"] == "ANMLDog"
    assert dog["neural"]["init_noise_level"] == 0.7
    assert bake(manifest, folder, environment, "--check") == ("", "")
    soundfile.write(tmp_path / "knock.wav", knock[::-1], 44_100)
    assert bake(manifest, folder, environment, "--check", expect=1)[0].startswith("changed: ")


# The parts.


@pytest.mark.parametrize("encoding", [Encoding.WAV, Encoding.FLAC, Encoding.OGG_VORBIS, Encoding.OGG_OPUS])
@pytest.mark.parametrize("characters", [0, 251, 252, 253, 254, 255, 256, 65_000, 70_000])
def test_provenance_of_any_length_leaves_the_audio_as_it_is(encoding: Encoding, characters: int) -> None:
    rng = np.random.default_rng(characters)
    sound = (0.1 * rng.standard_normal((9600, 2))).astype(np.float32)
    file = file_of(sound, 48_000, encoding, loop=True)
    told = Provenance("Brandung 波", "swash", "CC0-1.0", "WATRSurf", {"prompt": "x" * characters}, (0, 9600))
    made = signed(file, encoding, 48_000, told)
    before, _ = soundfile.read(io.BytesIO(file))
    after, _ = soundfile.read(io.BytesIO(made))
    np.testing.assert_array_equal(before, after)
    found = info(made)["ICMT"] if encoding is Encoding.WAV else comments(made)["COMMENT"]
    assert json.loads(found) == told.origin
    assert soundfile.SoundFile(io.BytesIO(made)).title == told.title
    assert len(made) > len(file) - 1000


@pytest.mark.parametrize(
    ("words", "take", "name"),
    [
        ("Gravel Heavy Slow", 3, "Gravel Heavy Slow 03"),
        ("a_b/c.d", None, "a b c d"),
        ("x" * 40, None, "x" * 24),
        ("x" * 40, 2, "x" * 21 + " 02"),
        ("seven words that are far too many", 1, "seven words that are 01"),
        ("...", None, "Sound"),
        ("Brandung é 波", None, "Brandung é 波"),
    ],
)
def test_any_words_become_a_name_of_a_file(words: str, take: int | None, name: str) -> None:
    assert ucs.fx_name(words, take=take) == name
    assert len(name) < 25


# What a running server is told from the command line.


def test_preload_and_unload_from_a_shell(
    tmp_path: Path, server: ServerProcess, environment: dict[str, str]
) -> None:
    def swash(*arguments: str, expect: int = 0) -> str:
        command = [SWASH, *arguments, "--server", server.address]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
        assert done.returncode == expect, done.stderr.decode()
        assert not done.stdout
        return done.stderr.decode()

    manifest = tmp_path / "level.yaml"
    manifest.write_text(
        "swash: 1\ntag: shell\nsounds: [{effect: ui_click, takes: 3, seed: 31337}, {effect: impact}]"
    )
    assert "4 takes are kept" in swash("preload", str(manifest))
    assert "4 takes are kept, 4 were remembered" in swash("preload", str(manifest), "--tag", "other")
    assert swash("preload", str(manifest), "--quiet") == ""
    assert "0 takes" in swash("unload", "other")
    assert "4 takes" in swash("unload", "shell")
    assert "nothing is preloaded under 'shell'" in swash("unload", "shell", expect=2)
    manifest.write_text("swash: 1\nsounds: [{effect: rain, duration_s: 500}, {}]")
    assert swash("preload", str(manifest), expect=2).splitlines() == [
        "swash: sounds[0].duration_s: above 0 and at most 120, got 500",
        "sounds[1]: a prompt or an effect, got neither",
    ]
    assert "cannot read" in swash("preload", str(tmp_path / "nowhere.yaml"), expect=2)
